"""The published tables as Parquet, for readers that know no DuckDB."""

import json
from collections.abc import Sequence
from pathlib import Path

import duckdb

from orchestration.engine.duckdb import NO_EXTENSIONS
from orchestration.publishing.duckdb_file import PublishedTable


def write(database: Path, folder: Path, tables: Sequence[PublishedTable], *, run_id: str, as_of: str) -> None:
    """Write each table of the published file under `folder`/<schema>/<table>/, and a manifest of them."""
    with duckdb.connect(str(database), read_only=True, config=dict(NO_EXTENSIONS)) as connection:
        for table in tables:
            target = folder / table.schema / table.name / "part-0.parquet"
            target.parent.mkdir(parents=True)
            quoted = str(target).replace("'", "''")
            connection.execute(f"copy {table.schema}.\"{table.name}\" to '{quoted}' (format parquet, compression zstd)")
    content = {
        "run_id": run_id,
        "as_of_date": as_of,
        "tables": [
            {
                "schema": table.schema,
                "table": table.name,
                "rows": table.row_count,
                "file": f"{table.schema}/{table.name}/part-0.parquet",
            }
            for table in tables
        ],
    }
    (folder / "manifest.json").write_text(json.dumps(content, indent=1), encoding="utf-8")
