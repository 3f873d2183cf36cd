"""One load judged: conformed, held against its suite, and its rows put where they belong."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import duckdb

from expectations.runner import judge
from expectations.sieve import Lineage
from orchestration.engine.duckdb import NO_EXTENSIONS
from orchestration.feed import TABLES, Table
from orchestration.feed.conform import Reading, conform
from orchestration.lake import JudgedLoad, Judgement, Lake, RawLoad
from orchestration.lake.durable import ASIDE
from orchestration.settings import Settings

MEMORY_LIMIT = "1500MB"
UNREADABLE = "file_is_readable"


def judge_load(settings: Settings, lake: Lake, table: Table, load: RawLoad) -> JudgedLoad:
    """The verdict on a load; its rows are in valid or quarantine when this returns."""
    judgement = lake.judge(load)
    is_released = load.load_id in lake.released()
    try:
        if not load.is_readable:
            return _judge_unreadable(judgement, load, is_released=is_released)
        with _scratch(lake) as connection:
            return _judge_rows(connection, settings, lake, table, load, judgement)
    except BaseException:
        judgement.abandon()
        raise


@contextmanager
def _scratch(lake: Lake) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory that spills to disk, where the next run sweeps if this one is killed."""
    folder = tempfile.mkdtemp(prefix=f"{ASIDE}judging-", dir=lake.root)
    config: dict[str, Any] = {**NO_EXTENSIONS, "memory_limit": MEMORY_LIMIT, "temp_directory": folder}
    connection = duckdb.connect(":memory:", config=config)
    try:
        yield connection
    finally:
        connection.close()
        shutil.rmtree(folder, ignore_errors=True)


def _judge_rows(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    lake: Lake,
    table: Table,
    load: RawLoad,
    judgement: Judgement,
) -> JudgedLoad:
    reading = Reading(
        timezone=load.reading["timezone"],
        currency=load.reading["currency"],
        columns=load.reading.get("columns") or {},
        country=load.reading.get("country"),
    )
    conformed = conform(connection, table, load.parts, reading)
    _make_known(connection, lake, table, load)
    is_released = load.load_id in lake.released()
    verdict = judge(
        connection,
        table,
        lineage=Lineage(load.source_system, load.load_id, load.loaded_at),
        missing_key_columns=conformed.missing_key_columns,
        valid_path=judgement.valid_path,
        quarantine_path=judgement.quarantine_path,
        allowance=settings.allowance,
        is_released=is_released,
        report_directory=lake.root / "reports" / table.name / load.source_system / load.load_id,
    )
    content = {
        **verdict.to_dict(),
        "unknown_columns": list(conformed.unknown_columns),
        "unfound_columns": {name: of for name, of in reading.columns.items() if name in conformed.missing_columns},
        "standardised": dict(conformed.standardised),
    }
    return judgement.commit(content, is_accepted=verdict.is_accepted, is_released=is_released)


def _make_known(connection: duckdb.DuckDBPyConnection, lake: Lake, table: Table, load: RawLoad) -> None:
    """The keys that the same source has brought of each table that this one refers to."""
    for name in {column.references for column in table.columns if column.references}:
        files = [
            str(judged.valid_path)
            for judged in lake.judged_loads(name)
            if judged.has_valid_rows and judged.source_system == load.source_system
        ]
        key = TABLES[name].key[0]
        known = f"select distinct {key} as id from read_parquet($files)" if files else "select '' as id where false"
        parameters = {"files": files} if files else {}
        connection.execute(f"create or replace table known_{name} as {known}", parameters)


def _judge_unreadable(judgement: Judgement, load: RawLoad, *, is_released: bool) -> JudgedLoad:
    """One quarantined file with its reason; it counts as one row, so that the balance loses nothing."""
    names = ", ".join(item.name for item in load.inputs)
    payload = json.dumps({"file": names, "reason": load.reason}, ensure_ascii=False)
    row = [load.source_system, load.table_name, load.load_id, names, UNREADABLE, payload]
    moment = load.loaded_at.replace(tzinfo=None)
    with duckdb.connect(":memory:", config=dict(NO_EXTENSIONS)) as connection:
        connection.execute(
            "create table refused as select ?::varchar as source_system, ?::varchar as table_name, "
            "?::varchar as load_id, 0::bigint as row_number, ?::varchar as row_key, "
            "?::varchar as failed_rules, ?::varchar as payload, ?::timestamp as quarantined_at",
            [*row, moment],
        )
        connection.table("refused").to_parquet(str(judgement.quarantine_path), compression="zstd")
    reason = f"{load.reason} Mend the file, or go on without it: --accept-load {load.load_id}."
    verdict = {
        "outcome": "unreadable",
        "reason": reason,
        "rows_read": 1,
        "rows_valid": 0,
        "rows_quarantined": 1,
        "rows_duplicate": 0,
        "rules": [
            {
                "rule": UNREADABLE,
                "description": "The file can be read.",
                "severity": "critical",
                "checked_count": 1,
                "failed_count": 1,
                "status": "failed",
            }
        ],
    }
    return judgement.commit(verdict, is_accepted=is_released, is_released=is_released)
