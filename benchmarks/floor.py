"""The floor: runs the hand-written script over a feed, writes what it makes, and times it."""

import argparse
import time
from pathlib import Path
from typing import Any

import duckdb

SCRIPT = Path(__file__).with_name("floor.sql")
SEEDS = Path(__file__).parents[1] / "dbt_project" / "seeds"


def run_floor(feed: Path, out: Path, *, memory_limit: str | None = None) -> dict[str, float]:
    """Make `out`, which must not be there yet: warehouse.duckdb and its tables as Parquet; says the seconds of both."""
    out.mkdir(parents=True)
    config: dict[str, Any] = {"temp_directory": str(out / "spill"), "preserve_insertion_order": "false"}
    if memory_limit:
        config["memory_limit"] = memory_limit
    started = time.perf_counter()
    with duckdb.connect(str(out / "warehouse.duckdb"), config=config) as connection:
        connection.execute(f"set file_search_path = '{feed}'")
        connection.execute(f"set variable seeds = '{SEEDS}'")
        connection.execute(SCRIPT.read_text(encoding="utf-8"))
        built = time.perf_counter()
        _write_parquet(connection, out / "parquet")
    return {"models": built - started, "published": time.perf_counter() - built}


def _write_parquet(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    tables = connection.execute(
        "select schema_name, table_name from duckdb_tables() where schema_name in ('core', 'marts')"
    ).fetchall()
    for schema, table in tables:
        file = folder / schema / table / "part-0.parquet"
        file.parent.mkdir(parents=True)
        connection.execute(f"copy {schema}.{table} to '{file}' (format parquet, compression zstd)")


def main() -> None:
    """Run the floor over a generated feed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--feed", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    seconds = run_floor(arguments.feed.resolve(), arguments.out)
    print(", ".join(f"{part} {spent:.1f} s" for part, spent in seconds.items()))


if __name__ == "__main__":
    main()
