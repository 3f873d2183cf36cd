"""A load as conforming leaves it, made from a few rows, and what judging makes of it."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations.demands import PARSED
from expectations.runner import Lineage, judge
from expectations.verdict import Verdict
from orchestration.feed import TABLES, Column, Table

Row = Mapping[str, Any]

LINEAGE = Lineage("shop", "20260201T000000", datetime(2026, 2, 1, tzinfo=UTC))


@dataclass(frozen=True)
class Judged:
    """What judging a load gave."""

    verdict: Verdict
    valid: Sequence[Row]
    quarantine: Sequence[Row]
    report: Path

    @property
    def failed(self) -> Mapping[str, int]:
        """Broken demands with their counts."""
        return {rule.rule: rule.failed_count for rule in self.verdict.rules if rule.failed_count}


@pytest.fixture
def good() -> Callable[..., dict[str, Any]]:
    """A row of a table with a value in every column, that keeps every demand; some values may be changed."""

    def good_row(table_name: str, **changed: Any) -> dict[str, Any]:
        row = {column.name: _good_value(column) for column in TABLES[table_name].columns}
        if "to_currency" in row:
            row["to_currency"] = "EUR"
        return {**row, **changed}

    return good_row


def _good_value(column: Column) -> object:
    match column.type:
        case "email":
            return "li.wei@example.org"
        case "phone":
            return "+8613800138000"
        case "country":
            return "CN"
        case "currency":
            return "CNY"
        case "choice":
            return column.values[0]
        case "boolean":
            return False
        case "date" | "timestamp":
            return datetime.fromisoformat("2026-01-15 12:00")
        case "amount" | "number" | "quantity" | "rate" | "integer":
            return 3
    return f"{column.name}-1"


def make_conformed(connection: duckdb.DuckDBPyConnection, table: Table, rows: Sequence[Row]) -> None:
    """The table `conformed` as conforming makes it."""
    columns = ["_row_number bigint", "_is_duplicate boolean", "row_key varchar", "content_hash varchar"]
    columns.append("standardised_columns varchar")
    for column in table.columns:
        columns.append(f"{column.name} {column.sql_type}")
        if column.type in PARSED:
            columns.append(f"{column.name}__text varchar")
    connection.execute(f"create or replace table conformed ({', '.join(columns)})")
    for number, row in enumerate(rows, start=1):
        key = "|".join(str(row.get(name) or "") for name in table.key)
        whole = {"_row_number": number, "_is_duplicate": False, "row_key": key, "content_hash": "0", **row}
        names, marks = ", ".join(whole), ", ".join("?" * len(whole))
        connection.execute(f"insert into conformed ({names}) values ({marks})", list(whole.values()))


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        yield opened


@pytest.fixture
def judged(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> Callable[..., Judged]:
    """Judge a load of these rows of a table."""

    def judge_rows(table_name: str, rows: Sequence[Row], **options: Any) -> Judged:
        table = TABLES[table_name]
        make_conformed(connection, table, rows)
        verdict = judge(
            connection,
            table,
            **{
                "lineage": LINEAGE,
                "missing_key_columns": (),
                "valid_path": tmp_path / "valid.parquet",
                "quarantine_path": tmp_path / "quarantine.parquet",
                "report_directory": tmp_path / "report",
                **options,
            },
        )
        return Judged(
            verdict,
            _rows(connection, tmp_path / "valid.parquet"),
            _rows(connection, tmp_path / "quarantine.parquet"),
            tmp_path / "report",
        )

    return judge_rows


def _rows(connection: duckdb.DuckDBPyConnection, path: Path) -> Sequence[Row]:
    query = f"select to_json(row)::varchar from (from '{path}' order by row_number) as row"
    return [json.loads(text) for (text,) in connection.execute(query).fetchall()]
