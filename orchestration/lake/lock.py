"""One writer at a time: a lock that the system itself releases when its holder dies."""

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

PATIENCE_SECONDS = 3600.0
REMINDER_SECONDS = 30.0


class WarehouseBusy(Exception):
    """Another run held the warehouse for longer than we wait."""


@contextmanager
def writing(
    home: Path, run_id: str, *, say: Callable[[str], None], patience: float = PATIENCE_SECONDS
) -> Iterator[str | None]:
    """Hold the warehouse for one run; yields the id of the last run that held it, if any.

    Waits while another run holds it and says so; raises WarehouseBusy after `patience` seconds.
    """
    home.mkdir(parents=True, exist_ok=True)
    with (home / "writer.lock").open("a+", encoding="utf-8") as file:
        _acquire(file.fileno(), home, say, patience)
        previous = _holder(home).get("run_id")
        file.truncate(0)
        mine = {
            "run_id": run_id,
            "pid": os.getpid(),
            "since": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        file.write(json.dumps(mine))
        file.flush()
        yield previous


def _acquire(descriptor: int, home: Path, say: Callable[[str], None], patience: float) -> None:
    began = time.monotonic()
    reminded = -REMINDER_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waited = time.monotonic() - began
            holder = _holder(home)
            who = f"run {holder.get('run_id', '?')} (process {holder.get('pid', '?')})"
            if waited >= patience:
                message = f"{who} has been writing to {home} since {holder.get('since', '?')}"
                raise WarehouseBusy(f"{message}; wait for it to end, or stop that process") from None
            if waited - reminded >= REMINDER_SECONDS:
                say(f"Waiting for {who}, which is writing to {home}.")
                reminded = waited
            time.sleep(0.2)
        else:
            return


def _holder(home: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads((home / "writer.lock").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content
