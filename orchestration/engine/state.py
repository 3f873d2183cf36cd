"""What a build was made from, so that an equal one can be spared and a publication can say its origin."""

import hashlib
import json
import subprocess
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from orchestration.engine.dbt import project_fingerprint
from orchestration.lake import JudgedLoad
from orchestration.lake.durable import write_json
from orchestration.settings import PROJECT_ROOT, Settings


@dataclass(frozen=True)
class Built:
    """What a build holds: the run that made it, and all that its figures are a function of.

    `definition` says by name what the figures mean (parameters, models, zone, currency); `loads` are the
    accepted loads it knows; `state` is a hash of everything, refused loads and silent sources included.
    `repaired_from` is the state of the build that this one was made from, if it was not made from nothing.
    Later figures are held against it unless it is a replay or holds a part of the models only.
    """

    run_id: str
    state: str
    as_of: date
    definition: Mapping[str, str]
    loads: tuple[str, ...]
    repaired_from: str | None = None
    is_comparable: bool = True


def definition_of(settings: Settings) -> Mapping[str, str]:
    """What the figures mean and which engine holds them, by name."""
    return {
        "engine": _engine_name(settings),
        "reporting_timezone": settings.reporting_timezone,
        "reporting_currency": settings.reporting_currency,
        "models": project_fingerprint(),
        **{name: str(value) for name, value in settings.parameters.items()},
    }


def _engine_name(settings: Settings) -> str:
    """The engine, and of Spark the server that keeps the tables."""
    if settings.engine != "spark" or settings.spark.server is None:
        return settings.engine
    host, port = settings.spark.server
    return f"spark at {host}:{port}"


def name_of(load: JudgedLoad) -> str:
    """A load of a table by one name; of one table's loads the names sort by time."""
    return f"{load.table_name}/{load.source_system}/{load.load_id}"


def to_build(
    settings: Settings,
    loads: Sequence[JudgedLoad],
    unreachable: Sequence[tuple[str, str]],
    *,
    run_id: str,
    as_of: date,
) -> Built:
    """What a build of these loads as of this day will hold."""
    definition = definition_of(settings)
    content: Mapping[str, Any] = {
        "loads": [(name_of(load), load.is_accepted, load.is_released) for load in loads],
        "unreachable": sorted(unreachable),
        "as_of": as_of.isoformat(),
        "definition": dict(definition),
    }
    state = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    accepted = tuple(sorted(name_of(load) for load in loads if load.has_valid_rows))
    return Built(run_id, state, as_of, definition, accepted)


def is_replay(former: Built, present: Built, *, is_day_asked: bool, unknown: Collection[str] = ()) -> bool:
    """Whether a build looks back, as it was asked to: on an earlier day, or without later loads that the former knew.

    What differs then was not changed; it had not happened or was not known yet. A day that goes back by itself, as
    when the last order is cancelled, is a change. `unknown` are the loads after the day of which was asked what was
    known.
    """
    return (is_day_asked and present.as_of < former.as_of) or not set(former.loads).isdisjoint(unknown)


def is_redefined(former: Built, present: Built) -> bool:
    """Whether figures mean something else now: other parameters or models, or rows that are used no more."""
    return former.definition != present.definition or not set(former.loads) <= set(present.loads)


def why_rebuild(former: Built, present: Built) -> str | None:
    """Why what was built cannot be repaired into the present state, or None if it can."""
    changed = [
        f"{name} ({former.definition[name]} before, {value} now)" if name != "models" else "the models"
        for name, value in present.definition.items()
        if name in former.definition and former.definition[name] != value
    ]
    if changed:
        return f"what the figures mean has changed: {', '.join(changed)}"
    if former.definition.keys() != present.definition.keys():
        return "the last build held a part of the models only"
    if present.as_of < former.as_of:
        return f"the day went back from {former.as_of} to {present.as_of}"
    gone = set(former.loads) - set(present.loads)
    if gone:
        return f"{len(gone)} loads that were in it are not known or not accepted now, {min(gone)} among them"
    return _late_acceptance(former, present)


def _late_acceptance(former: Built, present: Built) -> str | None:
    """The latest load of a key holds, so what arrives has to be later than what is there."""
    newest: dict[str, str] = {}
    for name in former.loads:
        newest[name.rpartition("/")[0]] = max(name, newest.get(name.rpartition("/")[0], ""))
    for name in set(present.loads) - set(former.loads):
        if name < newest.get(name.rpartition("/")[0], ""):
            return f"load {name} was accepted after a newer one"
    return None


def to_dict(built: Built) -> Mapping[str, Any]:
    """As JSON keeps it."""
    return {**vars(built), "as_of": built.as_of.isoformat(), "definition": dict(built.definition)}


def from_dict(content: Mapping[str, Any]) -> Built:
    """What JSON kept."""
    return Built(
        run_id=content["run_id"],
        state=content["state"],
        as_of=date.fromisoformat(content["as_of"]),
        definition=content.get("definition", {}),
        loads=tuple(content.get("loads", ())),
        repaired_from=content.get("repaired_from"),
        is_comparable=content.get("is_comparable", False),
    )


def remember_built(home: Path, built: Built) -> None:
    """Note what the working file holds now."""
    write_json(home / "warehouse" / "built.json", to_dict(built))


def forget_built(home: Path) -> None:
    """Note that the working file is about to change: whatever is in it then is worth nothing until it is built."""
    (home / "warehouse" / "built.json").unlink(missing_ok=True)


def last_built(home: Path) -> Built | None:
    """What the working file holds, if dbt ended well on it."""
    path = home / "warehouse" / "built.json"
    if not path.exists():
        return None
    return from_dict(json.loads(path.read_text(encoding="utf-8")))


def git_revision() -> str:
    """The revision of the code, or 'unknown' outside a checkout."""
    try:
        done = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=PROJECT_ROOT, capture_output=True, text=True, check=False
        )
    except OSError:
        return "unknown"
    return done.stdout.strip() or "unknown"
