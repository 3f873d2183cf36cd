"""A publication: all tables of a run, made aside and switched in by one rename."""

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from types import MappingProxyType

from orchestration.engine.state import Built, from_dict, to_dict
from orchestration.lake.durable import appear, aside, disappear, sync
from orchestration.publishing import duckdb_file, parquet
from orchestration.publishing.repair import Repair
from orchestration.publishing.table import PublishedTable

KEPT = 3
LOOSE_FROM_RATIO = 1.5


@dataclass(frozen=True)
class Publication:
    """What readers see: where it is, the run and day it stands for, and what it was made from.

    `state` identifies the loads, parameters, day and code behind it, so that an equal run can be spared;
    `compact_bytes` is the size of the database when it was last written whole. `origin` is the build that
    it holds, where later figures are held against it; `reference` names the publication that they are
    held against: this one, or the last one before it with an origin.
    """

    directory: Path
    run_id: str
    as_of: date
    published_at: datetime
    state: str
    compact_bytes: int
    origin: Built | None
    reference: str
    tables: tuple[PublishedTable, ...]

    @property
    def database(self) -> Path:
        """The DuckDB file."""
        return self.directory / "warehouse.duckdb"


def latest(home: Path) -> Publication | None:
    """The publication that readers see now, if there is one."""
    return _read((home / "published").resolve())


def reference(home: Path) -> Publication | None:
    """The publication that new figures are held against, if there is one."""
    standing = latest(home)
    found = _read(home / "publications" / standing.reference) if standing else None
    return found if found and found.origin else None


def _read(directory: Path) -> Publication | None:
    manifest = directory / "publication.json"
    if not manifest.exists():
        return None
    content = json.loads(manifest.read_text(encoding="utf-8"))
    return Publication(
        directory=directory,
        run_id=content["run_id"],
        as_of=date.fromisoformat(content["as_of"]),
        published_at=datetime.fromisoformat(content["published_at"]),
        state=content["state"],
        compact_bytes=content.get("compact_bytes", 0),
        origin=from_dict(content["origin"]) if content.get("origin") else None,
        reference=content.get("reference", directory.name),
        tables=tuple(PublishedTable(**table) for table in content["tables"]),
    )


def repair_of(
    home: Path, built: Path, keys: Mapping[str, Sequence[str]], *, repaired_from: str | None
) -> Repair | None:
    """How to publish only what a repair changed; None where readers do not see what it was made from.

    A file in which repairs have left much unused room is written anew as well.
    """
    former = latest(home)
    if former is None or repaired_from is None or former.state != repaired_from:
        return None
    is_loose = former.database.stat().st_size > LOOSE_FROM_RATIO * former.compact_bytes
    return None if is_loose else Repair(former.directory, built, keys)


def publish(
    built: Path,
    home: Path,
    *,
    run_id: str,
    as_of: date,
    git: str,
    state: str,
    days: Mapping[str, str] = MappingProxyType({}),
    repair: Repair | None = None,
    origin: Built | None = None,
) -> Publication:
    """Publish the tables of the file that was built; readers see all of it at once, or none.

    `days` names the day's column of tables that are parted into quarters when they are large.

    Raises OSError, as when the disk is full, and RuntimeError when what was written cannot be read
    back; either way the former publication stays.
    """
    published_at = datetime.now(UTC)
    target = home / "publications" / f"{published_at:%Y%m%dT%H%M%S}Z-{run_id[:8]}"
    standing = latest(home)
    folder = aside(target)
    try:
        database = folder / "warehouse.duckdb"
        tables = duckdb_file.write(built, database, repair=repair)
        stamp = published_at.replace(tzinfo=None).isoformat(sep=" ")
        duckdb_file.add_publish_info(
            database, tables, run_id=run_id, published_at=stamp, as_of=as_of.isoformat(), git=git
        )
        tables = [*tables, PublishedTable("core", "publish_info", len(tables))]
        duckdb_file.verify(database, tables)
        parquet.write(
            database, folder / "parquet", tables, days=days, repair=repair, run_id=run_id, as_of=as_of.isoformat()
        )
        content = {
            "run_id": run_id,
            "as_of": as_of.isoformat(),
            "published_at": published_at.isoformat(),
            "git_revision": git,
            "state": state,
            "compact_bytes": _compact_bytes(home, database, repair),
            "origin": to_dict(origin) if origin else None,
            "reference": standing.reference if standing and not origin else target.name,
            "tables": [vars(table) for table in tables],
        }
        (folder / "publication.json").write_text(json.dumps(content, indent=1), encoding="utf-8")
        database.chmod(0o444)
        appear(folder, target)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    _switch(home, target)
    _expire(home)
    found = latest(home)
    if found is None:
        raise RuntimeError(f"{home / 'published'} does not lead to the publication that was just made")
    return found


def _compact_bytes(home: Path, database: Path, repair: Repair | None) -> int:
    former = latest(home) if repair else None
    return former.compact_bytes if former else database.stat().st_size


def _switch(home: Path, target: Path) -> None:
    link = home / "published"
    temporary = home / ".published.aside"
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(os.path.relpath(target, home))
    temporary.replace(link)
    sync(home)


def _expire(home: Path) -> None:
    """Keep the newest publications; a reader who has an older file open keeps it until closing.

    The reference is kept however many replays were published since.
    """
    kept = [folder.name for folder in sorted((home / "publications").glob("[0-9]*"), reverse=True)[:KEPT]]
    kept += [found.directory.name for found in (latest(home), reference(home)) if found]
    for folder in (home / "publications").iterdir():
        if folder.name not in kept:
            disappear(folder)
