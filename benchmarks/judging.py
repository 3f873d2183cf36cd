"""Judging 1.1 million orders beside plain DuckDB that finds the same rows: seconds, memory and ratio."""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from expectations.runner import Lineage, judge
from orchestration.feed import TABLES
from orchestration.feed.currencies import known_currencies

LINEAGE = Lineage("shop", "20260101T000000", datetime(2026, 1, 1, tzinfo=UTC))
MEMORY_LIMIT = "1500MB"

# One order in a hundred is dirty, by one of five faults in turn; one in a thousand is an exact duplicate,
# and one in a thousand has a customer whom nobody knows.
ORDERS = """
    create table conformed as
    with numbered as (
        select
            range + 1 as _row_number,
            'order-' || range as order_id,
            case when range % 100 = 0 then (range // 100) % 5 end as fault,
            (hash(range) % 100000) / 100 as money,
            timestamp '2024-01-01' + to_seconds((hash(range + 1) % 63072000)::bigint) as moment
        from range($rows)
    )
    select
        _row_number, _row_number % 1000 = 7 as _is_duplicate,
        order_id as row_key, md5(order_id) as content_hash, null::varchar as standardised_columns,
        order_id, 'customer-' || hash(_row_number) % 100100 as customer_id,
        case when fault is distinct from 0 then moment end as ordered_at,
        case when fault = 0 then 'yesterday' end as ordered_at__text,
        case when fault = 1 then 'lost' else 'completed' end as status,
        money::decimal(18, 4) as gross_amount, null::varchar as gross_amount__text,
        0::decimal(18, 4) as discount_amount, null::varchar as discount_amount__text,
        (money / 10)::decimal(18, 4) as tax_amount, null::varchar as tax_amount__text,
        5::decimal(18, 4) as shipping_amount, null::varchar as shipping_amount__text,
        case when fault = 2 then -1 else money end::decimal(18, 4) as net_amount,
        null::varchar as net_amount__text,
        (money / 2)::decimal(18, 4) as cost_amount, null::varchar as cost_amount__text,
        case when fault = 3 then 'QQQ' else 'CNY' end as currency,
        'web' as channel, 'store-' || _row_number % 50 as store_id, null::varchar as coupon_code,
        false as is_trial, null::varchar as is_trial__text, false as is_test, null::varchar as is_test__text,
        null::date as due_on, null::varchar as due_on__text,
        moment + interval 1 day as paid_at, null::varchar as paid_at__text,
        case when fault = 4 then timestamp '2030-01-01' else moment + interval 2 day end as updated_at,
        null::varchar as updated_at__text
    from numbered
"""
CUSTOMERS = "create table known_customers as select 'customer-' || range as id from range(100000)"

AMOUNTS = ("gross_amount", "discount_amount", "tax_amount", "shipping_amount", "net_amount", "cost_amount")
INSTANTS = ("ordered_at", "paid_at", "updated_at")
UNREADABLE = (*INSTANTS, *AMOUNTS, "is_trial", "is_test", "due_on")


def plain(connection: duckdb.DuckDBPyConnection, folder: Path) -> Mapping[str, int]:
    """What somebody would write by hand to find the same rows, and to put them where they belong."""
    currencies = ", ".join(f"'{code}'" for code in sorted(known_currencies()))
    faults = [
        "order_id is null",
        "ordered_at is null and ordered_at__text is null",
        "net_amount is null and net_amount__text is null",
        "status is null or status not in ('completed', 'pending', 'cancelled', 'returned')",
        f"currency not in ({currencies})",
        *(f"{name}__text is not null" for name in UNREADABLE),
        *(f"{name} not between 0 and 1000000000" for name in AMOUNTS),
        *(f"{name} > timestamp '2026-01-02'" for name in INSTANTS),
    ]
    warnings = [
        "ordered_at > updated_at",
        "customer_id is not null and customer_id not in (select id from known_customers)",
    ]
    columns = ", ".join(TABLES["orders"].column_names)
    refused = " or ".join(f"coalesce({fault}, false)" for fault in faults)
    connection.execute(f"""
        create temp table flagged as
        select *, {refused} as is_refused, {" or ".join(warnings)} as is_odd
        from conformed where not _is_duplicate
    """)
    lineage = f"'shop' as source_system, '{LINEAGE.load_id}' as load_id, _row_number, row_key, content_hash"
    for name, condition in (("valid", "not is_refused"), ("quarantine", "is_refused")):
        connection.execute(f"""
            copy (select {columns}, {lineage} from flagged where {condition})
            to '{folder / name}.parquet' (format parquet, compression zstd)
        """)
    counts = connection.execute(
        "select count_if(not is_refused), count_if(is_refused), count_if(is_odd) from flagged"
    ).fetchall()[0]
    return dict(zip(("valid", "quarantined", "odd"), counts, strict=True))


def judged(connection: duckdb.DuckDBPyConnection, folder: Path) -> Mapping[str, int]:
    """The same by our suite and Great Expectations."""
    verdict = judge(
        connection,
        TABLES["orders"],
        lineage=LINEAGE,
        missing_key_columns=(),
        valid_path=folder / "valid.parquet",
        quarantine_path=folder / "quarantine.parquet",
        report_directory=folder / "report",
    )
    odd = sum(rule.failed_count for rule in verdict.rules if rule.severity == "warning")
    return {"valid": verdict.rows_valid, "quarantined": verdict.rows_quarantined, "odd": odd}


def measured(way: str, rows: int) -> Mapping[str, Any]:
    """One way in this process: its seconds and counts, and the memory that the process came to need."""
    started = time.perf_counter()
    if way == "judged":
        import great_expectations  # noqa: F401
    imported = time.perf_counter() - started
    with tempfile.TemporaryDirectory() as folder:
        config: dict[str, Any] = {"memory_limit": MEMORY_LIMIT, "temp_directory": folder}
        with duckdb.connect(str(Path(folder, "orders.duckdb")), config=config) as connection:
            connection.execute(ORDERS, {"rows": rows})
            connection.execute(CUSTOMERS)
            started, started_cpu = time.perf_counter(), time.process_time()
            counts = {"plain": plain, "judged": judged}[way](connection, Path(folder))
            seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - started_cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "import_seconds": imported,
        "peak_mb": peak,
        "counts": counts,
    }


def main() -> None:
    """Measure both ways, each in a process of its own, and compare them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_100_000)
    parser.add_argument("--way", choices=("plain", "judged"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.way:
        print(json.dumps(measured(arguments.way, arguments.rows)))
        return
    found = {}
    for way in ("plain", "judged"):
        command = [sys.executable, "-m", "benchmarks.judging", "--way", way, "--rows", str(arguments.rows)]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        found[way] = json.loads(said.splitlines()[-1])
        one = found[way]
        print(
            f"{way:7} {one['seconds']:6.2f} s, {one['cpu_seconds']:6.2f} s of processors, "
            f"{one['peak_mb']:5.0f} MB at most; imports apart: {one['import_seconds']:.1f} s; {one['counts']}"
        )
    ratios = [found["judged"][of] / found["plain"][of] for of in ("seconds", "cpu_seconds")]
    print(f"ratio   {ratios[0]:6.2f}  , {ratios[1]:6.2f}")
    if found["plain"]["counts"] != found["judged"]["counts"]:
        sys.exit("The two ways find different rows.")


if __name__ == "__main__":
    main()
