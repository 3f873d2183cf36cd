"""Raw loads: what one reading of one table of one source brought, as it came."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from orchestration.lake.durable import appear, aside, sha256

FOUND = "found"


@dataclass(frozen=True)
class Input:
    """A file that was read: its name within the source, the hash of its bytes and how many they are."""

    name: str
    sha256: str
    bytes: int


@dataclass(frozen=True)
class RawLoad:
    """One load: a folder of Parquet parts and the manifest that says what they are.

    `reading` says how the input was to be understood (zone, currency, column map, options); a load
    that is not readable has no parts but a `reason`.
    """

    load_id: str
    source_system: str
    table_name: str
    loaded_at: datetime
    row_count: int
    byte_count: int
    inputs: tuple[Input, ...]
    reading: Mapping[str, Any]
    fingerprint: str
    reason: str | None
    directory: Path = field(compare=False)

    @property
    def is_readable(self) -> bool:
        """Whether there are rows to judge, if only none."""
        return self.reason is None

    @property
    def options(self) -> Mapping[str, Any]:
        """How the source was configured: the reading without what was found out."""
        return {name: value for name, value in self.reading.items() if name != FOUND}

    @property
    def parts(self) -> tuple[Path, ...]:
        """The Parquet files, in order of reading."""
        return tuple(sorted(self.directory.glob("part-*.parquet")))


def fingerprint(inputs: Sequence[Input], reading: Mapping[str, Any]) -> str:
    """What tells one input, and the way it is read, from another."""
    content = [sorted((item.name, item.sha256) for item in inputs), dict(reading)]
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


class LoadWriter:
    """A load in the making: parts are written to `directory`, and nothing is seen before `commit`."""

    def __init__(self, root: Path, source: str, table: str, loaded_at: datetime, mark: str) -> None:
        self.load_id = f"{loaded_at:%Y%m%dT%H%M%S%f}Z_{mark[:8]}"
        self._fingerprint = mark
        self._source, self._table, self._loaded_at = source, table, loaded_at
        self._target = root / source / table / self.load_id
        self.directory = aside(self._target)

    def part(self, number: int) -> Path:
        """Where to write the Parquet part of that number, counted from 0."""
        return self.directory / f"part-{number:05d}.parquet"

    def commit(self, *, inputs: Sequence[Input], reading: Mapping[str, Any], reason: str | None = None) -> RawLoad:
        """Make the load visible, whole; with a `reason`, as one that could not be read."""
        parts = sorted(self.directory.glob("part-*.parquet"))
        described = [
            {
                "name": part.name,
                "rows": pq.read_metadata(part).num_rows,
                "bytes": part.stat().st_size,
                "sha256": sha256(part),
            }
            for part in parts
        ]
        manifest = {
            "load_id": self.load_id,
            "source_system": self._source,
            "table_name": self._table,
            "loaded_at": self._loaded_at.isoformat(),
            "row_count": sum(part["rows"] for part in described),
            "byte_count": sum(part["bytes"] for part in described),
            "inputs": [asdict(item) for item in inputs],
            "reading": dict(reading),
            "fingerprint": self._fingerprint,
            "reason": reason,
            "parts": described,
        }
        text = json.dumps(manifest, ensure_ascii=False, indent=1)
        (self.directory / "manifest.json").write_text(text, encoding="utf-8")
        appear(self.directory, self._target)
        return read_load(self._target)


def read_load(directory: Path) -> RawLoad:
    """The load of a folder, from its manifest."""
    manifest = json.loads((directory / "manifest.json").read_text(encoding="utf-8"))
    return RawLoad(
        load_id=manifest["load_id"],
        source_system=manifest["source_system"],
        table_name=manifest["table_name"],
        loaded_at=datetime.fromisoformat(manifest["loaded_at"]).astimezone(UTC),
        row_count=manifest["row_count"],
        byte_count=manifest["byte_count"],
        inputs=tuple(Input(**item) for item in manifest["inputs"]),
        reading=manifest["reading"],
        fingerprint=manifest["fingerprint"],
        reason=manifest["reason"],
        directory=directory,
    )
