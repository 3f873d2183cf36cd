"""What a build begins with: the lake's rows registered, what they are to become, and what can be repaired into it."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from orchestration.console import progress
from orchestration.engine.duckdb import (
    as_of_day,
    connected,
    known_loads,
    register,
    register_arrived,
    working_file,
)
from orchestration.engine.state import Built, git_revision, last_built, name_of, to_build, why_rebuild
from orchestration.lake import Lake
from orchestration.settings import Settings


def prepare(
    settings: Settings, *, run_id: str, as_of: str | None, known: date | None, can_repair: bool
) -> tuple[Built, Built | None]:
    """Register the lake's rows for dbt; what is to be built, and what was and can be repaired into it."""
    lake = Lake(settings.home / "lake")
    loads = known_loads(lake, settings, known)
    unreachable = [key for key, reading in lake.readings().items() if reading.get("failure")]
    with connected(working_file(settings.home)) as connection:
        register(connection, lake, loads, run_id=run_id, git=git_revision())
        day = as_of_day(connection, settings, as_of)
        present = to_build(settings, loads, unreachable, run_id=run_id, as_of=day)
        former = _repairable(settings, present) if can_repair else None
        known_before = set(former.loads) if former else set()
        register_arrived(connection, [load for load in loads if former and name_of(load) not in known_before])
    return present, former


def _repairable(settings: Settings, present: Built) -> Built | None:
    """The last build if it can be repaired into the present state; says why if it cannot."""
    former = last_built(settings.home)
    reason = why_rebuild(former, present) if former else None
    if reason:
        progress().info(f"Everything is rebuilt: {reason}.")
    return None if reason else former


def variables(settings: Settings, present: Built, former: Built | None) -> Mapping[str, Any]:
    """What dbt is told of a build."""
    return {
        **settings.parameters,
        "warehouse_path": str(working_file(settings.home)),
        "as_of_date": present.as_of.isoformat(),
        "is_repair": former is not None,
        "former_as_of_date": (former or present).as_of.isoformat(),
        "reporting_timezone": settings.reporting_timezone,
        "reporting_currency": settings.reporting_currency,
    }
