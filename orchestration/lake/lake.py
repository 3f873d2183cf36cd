"""The lake's front door: list loads, write them, judge them, remember what was released and reached."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orchestration.lake.durable import sweep, write_json
from orchestration.lake.judged import JudgedLoad, Judgement, read_judged
from orchestration.lake.raw import LoadWriter, RawLoad, read_load


class Lake:
    """Everything under `<home>/lake`: plain folders, so that any engine reads them.

    raw/<source>/<table>/<load_id>/                    parts as they came, and a manifest
    valid/<table>/source=<source>/load=<load_id>/      typed rows that broke no demand
    quarantine/<table>/source=<source>/load=<load_id>/ refused rows with every reason
    verdicts/<table>/source=<source>/load=<load_id>.json   written last: it makes the judgement count
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def sweep(self) -> int:
        """Remove what an interrupted run left half written."""
        return sweep(self.root)

    # raw ------------------------------------------------------------------------------------------

    def raw_loads(self, source: str, table: str) -> tuple[RawLoad, ...]:
        """The loads of one table of one source, oldest first."""
        folder = self.root / "raw" / source / table
        return tuple(read_load(manifest.parent) for manifest in sorted(folder.glob("[0-9]*/manifest.json")))

    def write_raw(self, source: str, table: str, *, fingerprint: str) -> LoadWriter:
        """Begin a load of one table of one source."""
        return LoadWriter(self.root / "raw", source, table, datetime.now(UTC), fingerprint)

    def raw_load(self, load_id: str) -> RawLoad | None:
        """The load of that id, whatever its source and table."""
        found = list((self.root / "raw").glob(f"*/*/{load_id}/manifest.json"))
        return read_load(found[0].parent) if found else None

    def has_raw_loads(self, source: str) -> bool:
        """Whether the source ever brought anything."""
        return any((self.root / "raw" / source).glob("*/[0-9]*/manifest.json"))

    # judged ---------------------------------------------------------------------------------------

    def judge(self, load: RawLoad) -> Judgement:
        """Begin the judgement of a load."""
        return Judgement(self.root, load)

    def judged_loads(self, table: str | None = None) -> tuple[JudgedLoad, ...]:
        """The judged loads, of one table or of all, oldest first."""
        pattern = f"{table or '*'}/source=*/load=*.json"
        found = (read_judged(path) for path in (self.root / "verdicts").glob(pattern))
        return tuple(sorted(found, key=lambda load: (load.load_id, load.source_system, load.table_name)))

    # releases -------------------------------------------------------------------------------------

    def release(self, load_id: str) -> None:
        """Remember that somebody accepted a refused load."""
        write_json(self.root / "releases" / f"{load_id}.json", {"released_at": datetime.now(UTC)})

    def released(self) -> frozenset[str]:
        """Ids of the loads that somebody accepted."""
        return frozenset(path.stem for path in (self.root / "releases").glob("[0-9]*.json"))

    # freshness ------------------------------------------------------------------------------------

    def note_reading(self, source: str, table: str, *, failure: str | None) -> None:
        """Remember when a table of a source was last read, or why it could not be."""
        path = self.root / "readings" / source / f"{table}.json"
        before = self._reading(path)
        read_at = before.get("read_at") if failure else datetime.now(UTC).isoformat()
        write_json(path, {"read_at": read_at, "failure": failure})

    def readings(self) -> Mapping[tuple[str, str], Mapping[str, Any]]:
        """By source and table: `read_at` of the last success, and the `failure` since, if any."""
        found = sorted((self.root / "readings").glob("*/[a-z]*.json"))
        return {(path.parent.name, path.stem): self._reading(path) for path in found}

    @staticmethod
    def _reading(path: Path) -> Mapping[str, Any]:
        if not path.exists():
            return {}
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return content
