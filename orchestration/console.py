"""What a person at the terminal hears of a run: our own words, with the seconds since it began."""

import logging
import time

import dagster as dg


class _OursOnly(logging.Filter):
    """Let through what our code says, not what Dagster says of its steps."""

    def filter(self, record: logging.LogRecord) -> bool:
        meta = getattr(record, "dagster_meta", None) or {}
        return meta.get("dagster_event") is None and record.levelno >= logging.INFO


class _Plain(logging.Formatter):
    def __init__(self) -> None:
        super().__init__()
        self._began = time.monotonic()

    def format(self, record: logging.LogRecord) -> str:
        meta = getattr(record, "dagster_meta", None) or {}
        message = meta.get("orig_message") or record.getMessage()
        mark = {logging.WARNING: "! ", logging.ERROR: "✗ "}.get(record.levelno, "")
        return f"{time.monotonic() - self._began:6.1f} s  {mark}{message}"


def _console(context: dg.InitLoggerContext) -> logging.Logger:
    """A logger of our own words, one line each."""
    logger = logging.Logger("lifecycle", level=logging.INFO)
    handler = logging.StreamHandler()
    handler.addFilter(_OursOnly())
    handler.setFormatter(_Plain())
    logger.addHandler(handler)
    return logger


console = dg.LoggerDefinition(_console, description="Our own words, one line each.")
