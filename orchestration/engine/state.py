"""What a build was made from, so that an equal one can be spared and a publication can say its origin."""

import hashlib
import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from orchestration.engine.dbt import project_fingerprint
from orchestration.lake import JudgedLoad
from orchestration.lake.durable import write_json
from orchestration.settings import PROJECT_ROOT, Settings


@dataclass(frozen=True)
class Origin:
    """What figures were made from, so that later ones can be held against them.

    `loads` are those whose rows were used; `definition` identifies parameters, models and what else
    gives the rows their meaning.
    """

    as_of: date
    loads: frozenset[str]
    definition: str

    def to_dict(self) -> Mapping[str, Any]:
        """As JSON keeps it."""
        return {"as_of": self.as_of.isoformat(), "loads": sorted(self.loads), "definition": self.definition}


@dataclass(frozen=True)
class Built:
    """The state that the working file holds, and the run that built it.

    Without an `origin` later figures are not held against it: it is a replay, or built in part.
    """

    run_id: str
    state: str
    as_of: date
    origin: Origin | None


def origin_from(content: Mapping[str, Any] | None) -> Origin | None:
    """The origin that JSON kept, if it kept one."""
    if content is None:
        return None
    return Origin(date.fromisoformat(content["as_of"]), frozenset(content["loads"]), content["definition"])


def origin_of(settings: Settings, loads: Sequence[JudgedLoad], as_of: date) -> Origin:
    """What figures of these loads as of that day are made from."""
    definition = _hash(_definition(settings))
    return Origin(as_of, frozenset(_name(load) for load in loads if load.is_accepted), definition)


def goes_on_from(former: Origin, settings: Settings, loads: Sequence[JudgedLoad], as_of: date) -> bool:
    """Whether these loads know all that the former figures knew, and the day is none before theirs.

    If not, they are a replay: what differs was not changed, it had not happened or was not known.
    """
    configured = {source.name for source in settings.sources}
    known = {_name(load) for load in loads}
    still_read = {name for name in former.loads if name.partition("/")[0] in configured}
    return as_of >= former.as_of and still_read <= known


def is_redefined(former: Origin, origin: Origin) -> bool:
    """Whether figures mean something else now: other parameters or models, or rows no longer used."""
    return former.definition != origin.definition or not former.loads <= origin.loads


def _name(load: JudgedLoad) -> str:
    return f"{load.source_system}/{load.table_name}/{load.load_id}"


def _definition(settings: Settings) -> Mapping[str, Any]:
    return {
        "zone": settings.reporting_timezone,
        "currency": settings.reporting_currency,
        "parameters": dict(settings.parameters),
        "models": project_fingerprint(),
    }


def _hash(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def state_of(
    settings: Settings, loads: Sequence[JudgedLoad], unreachable: Sequence[tuple[str, str]], as_of: date
) -> str:
    """A hash of everything that the figures are a function of: loads, parameters, day and models."""
    content: Mapping[str, Any] = {
        "loads": [(load.load_id, load.table_name, load.is_accepted, load.is_released) for load in loads],
        "unreachable": sorted(unreachable),
        "as_of": as_of.isoformat(),
        **_definition(settings),
    }
    return _hash(content)


def remember_built(home: Path, built: Built) -> None:
    """Note what the working file holds now."""
    content = {
        "run_id": built.run_id,
        "state": built.state,
        "as_of": built.as_of.isoformat(),
        "origin": built.origin.to_dict() if built.origin else None,
    }
    write_json(home / "warehouse" / "built.json", content)


def last_built(home: Path) -> Built | None:
    """What the working file holds, if dbt ever ended well on it."""
    path = home / "warehouse" / "built.json"
    if not path.exists():
        return None
    content = json.loads(path.read_text(encoding="utf-8"))
    return Built(
        run_id=content["run_id"],
        state=content["state"],
        as_of=date.fromisoformat(content["as_of"]),
        origin=origin_from(content.get("origin")),
    )


def git_revision() -> str:
    """The revision of the code, or 'unknown' outside a checkout."""
    try:
        done = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=PROJECT_ROOT, capture_output=True, text=True, check=False
        )
    except OSError:
        return "unknown"
    return done.stdout.strip() or "unknown"
