"""How Dagster keeps its own records of runs: quickly, since a run leaves thousands of them."""

from typing import Any

import sqlalchemy
from sqlalchemy import event


@event.listens_for(sqlalchemy.engine.Engine, "connect")
def _do_not_wait_for_the_disk(connection: Any, _record: Any) -> None:
    """Spare SQLite's wait for the disk after each of them: a power cut may cost records, never data.

    Dagster opens, commits and closes once per event; waiting would take longer than the run's work.
    """
    if type(connection).__module__.startswith("sqlite3"):
        connection.execute("pragma synchronous = off")
