"""The engines that can build the models, and which of them the settings choose."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from orchestration.engine.duckdb import (
    as_of_day,
    connected,
    register,
    register_arrived,
    register_freshness,
    working_file,
)
from orchestration.engine.former import Former, register_former
from orchestration.engine.memory import memory_limit
from orchestration.engine.state import git_revision
from orchestration.engine.value_tables import register_value
from orchestration.lake import JudgedLoad, Lake
from orchestration.settings import Settings


class Engine(Protocol):
    """What a run asks of the engine that builds its models.

    `target` is the output of profiles.yml by which dbt reaches it.
    """

    @property
    def target(self) -> str: ...

    def missing(self) -> str | None:
        """What this machine lacks for it, and the remedy; None if nothing."""

    def unreachable(self) -> str | None:
        """Why it does not answer where it is to be found, and the remedy; None if it does."""

    def prepare(self, loads: Sequence[JudgedLoad], *, run_id: str, asked: str | None) -> date:
        """Take these loads for those to build from; returns the day that the figures are as of."""

    def tell_freshness(self, lake: Lake, as_of: date) -> None:
        """Show how far each source reaches, of the loads that were prepared."""

    def tell_arrived(self, loads: Sequence[JudgedLoad] | None) -> None:
        """Tell apart the loads that the last build did not know; None where all is built from nothing."""

    def tell_former(self, manifest: Mapping[str, Any], former: Former | None, *, standing: Path | None) -> None:
        """Show the publication that the figures are held against, and the one that readers see now."""

    def building(self) -> AbstractContextManager[Mapping[str, Any]]:
        """The engine at work, for dbt to build in; gives the variables by which dbt finds it."""

    def tell_value(self, tables: Mapping[str, pa.Table]) -> None:
        """Show what was fitted, while building."""

    def show(self, manifest: Mapping[str, Any]) -> Path:
        """The DuckDB file in which all that was built can be read, as tables or as views, with its comments."""


@dataclass(frozen=True)
class OnDuckDB:
    """DuckDB: dbt builds in the working file, which is also where the rest reads."""

    settings: Settings
    target: str = "duckdb"

    def missing(self) -> str | None:
        """Nothing: it comes with the package."""
        return None

    def unreachable(self) -> str | None:
        """Never: it works within this process."""
        return None

    def prepare(self, loads: Sequence[JudgedLoad], *, run_id: str, asked: str | None) -> date:
        """Show the lake's rows in the working file."""
        with connected(working_file(self.settings.home)) as connection:
            register(connection, loads, run_id=run_id, git=git_revision())
            return as_of_day(connection, self.settings, asked)

    def tell_freshness(self, lake: Lake, as_of: date) -> None:
        """Show it beside the lake's rows."""
        with connected(working_file(self.settings.home)) as connection:
            register_freshness(connection, lake, self.settings, as_of)

    def tell_arrived(self, loads: Sequence[JudgedLoad] | None) -> None:
        """Show their rows beside all others."""
        with connected(working_file(self.settings.home)) as connection:
            register_arrived(connection, loads or ())

    def tell_former(self, manifest: Mapping[str, Any], former: Former | None, *, standing: Path | None) -> None:
        """Show what was published beside the lake's rows."""
        with connected(working_file(self.settings.home)) as connection:
            register_former(connection, manifest, former, standing=standing)

    @contextmanager
    def building(self) -> Iterator[Mapping[str, Any]]:
        """dbt opens the working file itself, and lets go of it in the end."""
        yield {"warehouse_path": str(working_file(self.settings.home)), "memory_limit": memory_limit()}

    def tell_value(self, tables: Mapping[str, pa.Table]) -> None:
        """Show it beside what was built; dbt has let go of the working file."""
        with connected(working_file(self.settings.home)) as connection:
            register_value(connection, tables)

    def show(self, manifest: Mapping[str, Any]) -> Path:
        """The working file."""
        return working_file(self.settings.home)


def engine_of(settings: Settings) -> Engine:
    """The engine that the settings name."""
    if settings.engine == "spark":
        from orchestration.engine.spark import OnSpark

        return OnSpark(settings)
    return OnDuckDB(settings)
