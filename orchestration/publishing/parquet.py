"""The published tables as Parquet, for readers that know no DuckDB; large ones in a file per month.

A month in which nothing changed is a link to the former publication's file, so that a daily run writes what
the day changed.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from orchestration.engine.duckdb import connected
from orchestration.publishing.repair import WHOLE, Repair, month_of
from orchestration.publishing.table import PublishedTable

MONTHLY_FROM_ROWS = 1_000_000
FORMAT = "format parquet, compression zstd"


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

    `days` names the column by which a large table is parted into months.
    """
    with connected(database, read_only=True) as connection:
        for table in tables:
            target = folder / table.schema / table.name
            target.mkdir(parents=True)
            day = days.get(table.name) if table.row_count >= MONTHLY_FROM_ROWS else None
            former = repair.former / "parquet" / table.schema / table.name if repair else None
            changed = repair.changed_months(table.name, day) if repair else None
            if former is not None and changed is not None and _is_monthly(former) == (day is not None):
                _link(former, target, but=changed)
            else:
                changed = None
            if changed != set():
                _write(connection, table, target, day=day, months=changed)
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


def _is_monthly(folder: Path) -> bool:
    return folder.exists() and not (folder / f"{WHOLE}.parquet").exists()


def _link(former: Path, target: Path, *, but: set[str]) -> None:
    for file in former.iterdir():
        if file.name.partition(".")[0] not in but:
            (target / file.name).hardlink_to(file.resolve())


def _write(
    connection: duckdb.DuckDBPyConnection,
    table: PublishedTable,
    target: Path,
    *,
    day: str | None,
    months: set[str] | None,
) -> None:
    relation = f'{table.schema}."{table.name}"'
    if day is None:
        connection.execute(f"copy {relation} to '{_quoted(target / f'{WHOLE}.parquet')}' ({FORMAT})")
        return
    chosen = "" if months is None else "where month in (" + ", ".join(f"'{each}'" for each in sorted(months)) + ")"
    aside = target.with_name(f".{target.name}.aside")
    connection.execute(
        f"copy (select * from (select *, {month_of(day)} as month from {relation}) {chosen}) "
        f"to '{_quoted(aside)}' ({FORMAT}, partition_by (month), write_partition_columns false)"
    )
    for parted in sorted(aside.glob("month=*/*.parquet")) if aside.exists() else []:
        name = parted.parent.name.removeprefix("month=")
        parted.rename(target / f"{name}.{parted.stem.rpartition('_')[2]}.parquet")
    shutil.rmtree(aside, ignore_errors=True)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
