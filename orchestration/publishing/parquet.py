"""The published tables as Parquet, for readers that know no DuckDB; large ones in a file per quarter.

A quarter in which nothing changed is a link to the former publication's file, so that a daily run writes what
the day changed.
"""

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb

from orchestration.engine.duckdb import connected
from orchestration.publishing.duckdb_file import TABLES_AT_ONCE
from orchestration.publishing.repair import WHOLE, Repair, quarter_of
from orchestration.publishing.table import PublishedTable

PARTED_FROM_ROWS = 1_000_000


def write(
    database: Path,
    folder: Path,
    tables: Sequence[PublishedTable],
    *,
    days: Mapping[str, str],
    repair: Repair | None,
    run_id: str,
    as_of: str,
) -> None:
    """Write each table of the published file under `folder`/<schema>/<table>/, and a manifest of them.

    `days` names the column by which a large table is parted into quarters.
    """
    with connected(database, read_only=True) as connection, ThreadPoolExecutor(TABLES_AT_ONCE) as pool:
        writing = [
            pool.submit(_bring, connection.cursor(), table, folder, day=days.get(table.name), repair=repair)
            for table in tables
        ]
        for written in writing:
            written.result()
    files = {table: sorted((folder / table.schema / table.name).iterdir()) for table in tables}
    content = {
        "run_id": run_id,
        "as_of_date": as_of,
        "tables": [
            {
                "schema": table.schema,
                "table": table.name,
                "rows": table.row_count,
                "files": [str(file.relative_to(folder)) for file in written],
            }
            for table, written in files.items()
        ],
    }
    (folder / "manifest.json").write_text(json.dumps(content, indent=1), encoding="utf-8")


def _bring(
    connection: duckdb.DuckDBPyConnection,
    table: PublishedTable,
    folder: Path,
    *,
    day: str | None,
    repair: Repair | None,
) -> None:
    """Write one table, or only the parts of it that differ from the former publication's."""
    target = folder / table.schema / table.name
    target.mkdir(parents=True)
    day = day if table.row_count >= PARTED_FROM_ROWS else None
    former = repair.former / "parquet" / table.schema / table.name if repair else None
    changed = repair.changed_parts(table.name, day) if repair else None
    if former is not None and changed is not None and _is_parted(former) == (day is not None):
        _link(former, target, but=changed)
    else:
        changed = None
    _write(connection, table, target, day=day, only=changed)


def _is_parted(folder: Path) -> bool:
    return folder.exists() and not (folder / f"{WHOLE}.parquet").exists()


def _link(former: Path, target: Path, *, but: set[str]) -> None:
    for file in former.iterdir():
        if file.stem not in but:
            (target / file.name).hardlink_to(file.resolve())


def _write(
    connection: duckdb.DuckDBPyConnection,
    table: PublishedTable,
    target: Path,
    *,
    day: str | None,
    only: set[str] | None,
) -> None:
    relation = f'{table.schema}."{table.name}"'
    parts = {WHOLE: "true"} if day is None else _quarters(connection, relation, day)
    for part, condition in parts.items():
        if only is None or part in only:
            file = str(target / f"{part}.parquet").replace("'", "''")
            connection.execute(
                f"copy (select * from {relation} where {condition}) to '{file}' (format parquet, compression zstd)"
            )


def _quarters(connection: duckdb.DuckDBPyConnection, relation: str, day: str) -> Mapping[str, str]:
    """The quarters that a table's rows lie in, each with the condition that selects them.

    A range of days lets DuckDB pass over the row groups of other quarters.
    """
    found = connection.execute(
        f"select {quarter_of(day)}, min({day}), max({day}) from {relation} group by all order by all"
    ).fetchall()
    return {
        part: f"{day} is null" if first is None else f"{day} between date '{first}' and date '{last}'"
        for part, first, last in found
    }
