"""Feed data of any size, made inside DuckDB: a history of three years, and further days on top of it."""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb

HISTORY = Path(__file__).with_name("history.sql")
DAY = Path(__file__).with_name("day.sql")
MEMORY_LIMIT = "3GB"

# The tables, in the order in which they are written, each with what a system would export it by.
ORDERED_BY = {
    "customers": "updated_at",
    "orders": "ordered_at",
    "order_lines": None,
    "refunds": "refunded_at",
    "products": None,
    "subscriptions": "updated_at",
    "leads": "created_at",
    "opportunities": "created_at",
    "web_events": "occurred_at",
    "interactions": "occurred_at",
    "tickets": "opened_at",
    "survey_responses": "sent_at",
    "campaigns": None,
    "campaign_touches": "touched_at",
    "marketing_spend": "spend_date",
    "loyalty_movements": "occurred_at",
    "employees": None,
    "exchange_rates": "rate_date",
    "consents": "recorded_at",
}
CONFIGURATION = """\
# A benchmark's warehouse over generated files.
warehouse:
  home: ./var
  reporting_timezone: Asia/Shanghai
  reporting_currency: CNY
sources:
  - name: shop
    type: files
    path: ./feed
    timezone: UTC
"""


def generate(out: Path, *, customers: int, day: int = 0, seed: int = 1) -> dict[str, int]:
    """Write the history, or one day after it, as further Parquet files of a feed; says how many rows each table got."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "lifecycle.yml").write_text(CONFIGURATION, encoding="utf-8")
    with tempfile.TemporaryDirectory(dir=out) as spill:
        config: dict[str, Any] = {"memory_limit": MEMORY_LIMIT, "temp_directory": spill}
        with duckdb.connect(":memory:", config=config) as connection:
            connection.execute("set variable customers = $customers", {"customers": customers})
            connection.execute("set variable seed = $seed", {"seed": seed})
            connection.execute("set variable day = $day", {"day": day})
            connection.execute(HISTORY.read_text(encoding="utf-8"))
            connection.execute(DAY.read_text(encoding="utf-8"))
            return _write(connection, out / "feed", day)


def _write(connection: duckdb.DuckDBPyConnection, feed: Path, day: int) -> dict[str, int]:
    views = {name for (name,) in connection.execute("select view_name from duckdb_views()").fetchall()}
    written = {}
    for table, column in ORDERED_BY.items():
        # The history gives the day's empty columns their types.
        rows = f"((from {table} limit 0) union all (from day_{table}))" if day else table
        if day and f"day_{table}" not in views:
            continue
        file = feed / table / f"day-{day:04}.parquet"
        file.parent.mkdir(parents=True, exist_ok=True)
        in_order = f"order by {column}" if column else ""
        # The file appears whole or not at all.
        aside = file.with_name(f".{file.name}")
        row = connection.execute(
            f"copy (from {rows} {in_order}) to '{aside}' (format parquet, compression zstd)"
        ).fetchone()
        aside.rename(file)
        written[table] = int(row[0]) if row else 0
    return written


def main() -> None:
    """Generate what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--out", type=Path, required=True, help="folder for feed/ and lifecycle.yml")
    parser.add_argument("--increment", type=int, default=0, metavar="N", help="the Nth day after the history")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if arguments.customers < 1 or arguments.increment < 0:
        sys.exit("There is nothing to generate: --customers is at least 1, --increment at least 1.")
    started = time.perf_counter()
    written = generate(arguments.out, customers=arguments.customers, day=arguments.increment, seed=arguments.seed)
    for table, rows in written.items():
        print(f"{table:18} {rows:>12,}")
    print(f"{time.perf_counter() - started:.1f} s; lifecycle run --config {arguments.out / 'lifecycle.yml'}")


if __name__ == "__main__":
    main()
