"""What our code says of a run's progress: the UI keeps it, and a person at the terminal hears it."""

import logging
import time

OURS = "lifecycle"


def progress() -> logging.Logger:
    """Where to say how far a run has come; Dagster's instance is told to keep what is said here."""
    return logging.getLogger(OURS)


class _SecondsFirst(logging.Formatter):
    """The seconds since the run began, a mark for what needs attention, the message."""

    def __init__(self) -> None:
        super().__init__()
        self._began = time.monotonic()

    def format(self, record: logging.LogRecord) -> str:
        mark = {logging.WARNING: "! ", logging.ERROR: "✗ "}.get(record.levelno, "")
        return f"{time.monotonic() - self._began:6.1f} s  {mark}{record.getMessage()}"


def speak_to_terminal() -> None:
    """Let a person at the terminal hear the progress of the run that begins now."""
    logger = progress()
    for handler in [each for each in logger.handlers if isinstance(each.formatter, _SecondsFirst)]:
        logger.removeHandler(handler)
    handler = logging.StreamHandler()
    handler.setFormatter(_SecondsFirst())
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
