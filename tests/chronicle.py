"""Runs within this process, on days of one's choosing: what they read is known from that day."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any, Self

import duckdb
import pytest
from worlds import World

from orchestration import publishing


@contextmanager
def lake_clock_at(day: str) -> Iterator[None]:
    """Whatever the lake reads within the block has come in at noon of that day, in UTC."""
    moment = datetime.fromisoformat(f"{day}T12:00:00").replace(tzinfo=UTC)

    class Clock(datetime):
        """A clock that stands."""

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return cls.fromtimestamp(moment.timestamp(), tz)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("orchestration.lake.lake.datetime", Clock)
        yield


def run_on(world: World, day: str, **request: Any) -> Path:
    """A run that reads on that day and must end well; the folder of what it published."""
    with lake_clock_at(day):
        world.build(**request)
    published = publishing.latest(world.home)
    assert published is not None
    return published.directory


def rows_of(directory: Path, query: str) -> list[tuple[Any, ...]]:
    """The rows of a query over a publication."""
    with duckdb.connect(str(directory / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute(query).fetchall()
