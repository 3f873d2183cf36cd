"""Judged loads: where the rows of a load went, and the verdict on them."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orchestration.lake.durable import appear, aside, write_json
from orchestration.lake.raw import RawLoad


@dataclass(frozen=True)
class JudgedLoad:
    """A load that was judged; `verdict` holds its outcome, row counts and the result of each rule."""

    load_id: str
    source_system: str
    table_name: str
    loaded_at: datetime
    is_accepted: bool
    is_released: bool
    verdict: Mapping[str, Any]
    valid_path: Path
    quarantine_path: Path

    @property
    def has_valid_rows(self) -> bool:
        """Whether the load has rows that the warehouse is built from."""
        return self.is_accepted and self.verdict["rows_valid"] > 0


class Judgement:
    """A judgement in the making; valid and refused rows are written aside until `commit`."""

    def __init__(self, lake_root: Path, load: RawLoad) -> None:
        self._load = load
        leaf = Path(load.table_name, f"source={load.source_system}", f"load={load.load_id}")
        self._valid, self._quarantine = lake_root / "valid" / leaf, lake_root / "quarantine" / leaf
        self._verdict = (lake_root / "verdicts" / leaf).with_name(f"load={load.load_id}.json")
        self._valid_aside, self._quarantine_aside = aside(self._valid), aside(self._quarantine)

    @property
    def valid_path(self) -> Path:
        """Where the valid rows are to be written."""
        return self._valid_aside / "part-0.parquet"

    @property
    def quarantine_path(self) -> Path:
        """Where the refused rows are to be written."""
        return self._quarantine_aside / "part-0.parquet"

    def commit(self, verdict: Mapping[str, Any], *, is_accepted: bool, is_released: bool) -> JudgedLoad:
        """Make the judgement visible; the verdict, written last, is what counts."""
        self._verdict.unlink(missing_ok=True)
        appear(self._valid_aside, self._valid)
        appear(self._quarantine_aside, self._quarantine)
        content = {
            "load_id": self._load.load_id,
            "source_system": self._load.source_system,
            "table_name": self._load.table_name,
            "loaded_at": self._load.loaded_at.isoformat(),
            "is_accepted": is_accepted,
            "is_released": is_released,
            "verdict": dict(verdict),
        }
        write_json(self._verdict, content)
        return read_judged(self._verdict)

    def abandon(self) -> None:
        """Leave nothing behind."""
        shutil.rmtree(self._valid_aside, ignore_errors=True)
        shutil.rmtree(self._quarantine_aside, ignore_errors=True)


def read_judged(path: Path) -> JudgedLoad:
    """The judged load of a verdict file."""
    content = json.loads(path.read_text(encoding="utf-8"))
    root = path.parents[3]
    leaf = Path(
        content["table_name"],
        f"source={content['source_system']}",
        f"load={content['load_id']}",
        "part-0.parquet",
    )
    return JudgedLoad(
        load_id=content["load_id"],
        source_system=content["source_system"],
        table_name=content["table_name"],
        loaded_at=datetime.fromisoformat(content["loaded_at"]).astimezone(UTC),
        is_accepted=content["is_accepted"],
        is_released=content["is_released"],
        verdict=content["verdict"],
        valid_path=root / "valid" / leaf,
        quarantine_path=root / "quarantine" / leaf,
    )
