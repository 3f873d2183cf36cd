"""What a command costs: its seconds, its processors' seconds and the memory that it came to need."""

import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

SECONDS_BETWEEN_LOOKS = 0.05
# What a run says when a part of a layer is done: the memory seen until then is that layer's.
SAID_BY_LAYER = {
    "Read ": "raw",
    "Judged ": "valid",
    "Building the models": "valid",
    "Built ": "models",
    "Publishing ": "models",
}
LAST_LAYER = "published"


class CommandFailed(Exception):
    """A measured command ended badly; holds the end of what it said."""


@dataclass(frozen=True)
class Cost:
    """What one command cost; processor seconds tell more than seconds where others share the machine."""

    seconds: float
    processor_seconds: float
    peak_mb: int
    layer_seconds: Mapping[str, float] = field(default_factory=dict)
    layer_peak_mb: Mapping[str, int] = field(default_factory=dict)


def measured(command: Sequence[str]) -> Cost:
    """Run a command to its end and measure it."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    watch = _Watch(process.pid)
    said = [line.rstrip() for line in process.stdout or () if watch.hear(line)]
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - started
    peaks = watch.end()
    if process.returncode:
        raise CommandFailed("\n".join([f"{' '.join(command)} ended with code {process.returncode}:", *said[-30:]]))
    return Cost(
        seconds=round(seconds, 2),
        processor_seconds=round(usage.ru_utime + usage.ru_stime, 2),
        peak_mb=usage.ru_maxrss // 1024,
        layer_seconds=_layer_seconds(said),
        layer_peak_mb=peaks,
    )


def _layer_seconds(said: Sequence[str]) -> Mapping[str, float]:
    """The seconds per layer that a run tells in its summary."""
    told = next((line for line in said if line.startswith("Seconds per layer: ")), "")
    pairs = [part.rsplit(" ", 1) for part in told.removeprefix("Seconds per layer: ").split(", ") if part]
    return {layer: float(spent) for layer, spent in pairs}


class _Watch:
    """Looks at the memory of a process, and files what it sees under the layer that the process tells of next."""

    def __init__(self, pid: int) -> None:
        self._status = Path(f"/proc/{pid}/status")
        self._highest, self._peaks = 0, dict[str, int]()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._is_over.wait(SECONDS_BETWEEN_LOOKS):
            try:
                lines = self._status.read_text(encoding="ascii").splitlines()
            except OSError:
                return
            resident = next((line.split()[1] for line in lines if line.startswith("VmRSS")), "0")
            self._highest = max(self._highest, int(resident) // 1024)

    def hear(self, line: str) -> bool:
        """Note what the process said; always true, so that it can stand in a comprehension."""
        told = line.partition(" s  ")[2]
        layer = next((layer for words, layer in SAID_BY_LAYER.items() if told.startswith(words)), None)
        if layer:
            self._file(layer)
        return True

    def _file(self, layer: str) -> None:
        self._peaks[layer] = max(self._peaks.get(layer, 0), self._highest)
        self._highest = 0

    def end(self) -> Mapping[str, int]:
        """The peaks by layer, of a process that told of any."""
        self._is_over.set()
        self._thread.join()
        if self._peaks:
            self._file(LAST_LAYER)
        return self._peaks
