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
class Built:
    """The state that the working file holds, and the run that built it."""

    run_id: str
    state: str
    as_of: date


def state_of(
    settings: Settings, loads: Sequence[JudgedLoad], unreachable: Sequence[tuple[str, str]], as_of: date
) -> str:
    """A hash of everything that the figures are a function of: loads, parameters, day and models."""
    content: Mapping[str, Any] = {
        "loads": [(load.load_id, load.table_name, load.is_accepted, load.is_released) for load in loads],
        "unreachable": sorted(unreachable),
        "as_of": as_of.isoformat(),
        "zone": settings.reporting_timezone,
        "currency": settings.reporting_currency,
        "parameters": dict(settings.parameters),
        "models": project_fingerprint(),
    }
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def remember_built(home: Path, built: Built) -> None:
    """Note what the working file holds now."""
    content = {"run_id": built.run_id, "state": built.state, "as_of": built.as_of.isoformat()}
    write_json(home / "warehouse" / "built.json", content)


def last_built(home: Path) -> Built | None:
    """What the working file holds, if dbt ever ended well on it."""
    path = home / "warehouse" / "built.json"
    if not path.exists():
        return None
    content = json.loads(path.read_text(encoding="utf-8"))
    return Built(content["run_id"], content["state"], date.fromisoformat(content["as_of"]))


def git_revision() -> str:
    """The revision of the code, or 'unknown' outside a checkout."""
    try:
        done = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=PROJECT_ROOT, capture_output=True, text=True, check=False
        )
    except OSError:
        return "unknown"
    return done.stdout.strip() or "unknown"
