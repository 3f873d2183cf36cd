"""A source reaches as far as its newest event or change; what is planned for later says nothing of it."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest

from orchestration.engine.duckdb import register, register_freshness
from orchestration.lake import Lake
from orchestration.settings import Settings

AS_OF = date(2026, 1, 31)


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        register(connection, (), run_id="run", git="none")
        connection.execute("create schema told")
        yield connection


def tell(connection: duckdb.DuckDBPyConnection, table: str, source: str, **times: str) -> None:
    connection.execute(f"create table if not exists told.{table} as from feed.{table}")
    connection.execute(f"create or replace view feed.{table} as from told.{table}")
    columns, values = ", ".join(["source_system", *times]), ", ".join("?" for _ in (source, *times))
    connection.execute(f"insert into told.{table} ({columns}) values ({values})", [source, *times.values()])


def reached(
    connection: duckdb.DuckDBPyConnection, home: Path, settings: Settings, *read: tuple[str, str]
) -> dict[tuple[str, str], str | None]:
    lake = Lake(home)
    for source, table in read:
        lake.note_reading(source, table, failure=None)
    register_freshness(connection, lake, settings, AS_OF)
    rows = connection.execute(
        "select source_system, table_name, complete_through::varchar from lake.freshness"
    ).fetchall()
    return {(source, table): through for source, table, through in rows}


def test_what_became_of_an_old_ticket_is_news(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, settings: Settings
) -> None:
    tell(connection, "tickets", "desk", opened_at="2026-01-10 08:00", resolved_at="2026-01-30 08:00")
    tell(connection, "tickets", "desk", opened_at="2026-01-20 08:00")
    assert reached(connection, tmp_path, settings, ("desk", "tickets")) == {("desk", "tickets"): "2026-01-30 08:00:00"}


def test_a_start_after_the_local_as_of_day_is_a_plan(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, settings: Settings
) -> None:
    tell(connection, "subscriptions", "erp", started_at="2026-01-05 08:00", cancelled_at="2026-03-01 00:00")
    tell(connection, "subscriptions", "erp", started_at="2026-01-31 16:00")
    tell(connection, "campaigns", "erp", started_at="2026-01-31 15:59", ended_at="2026-02-15 00:00")
    assert reached(connection, tmp_path, settings, ("erp", "subscriptions"), ("erp", "campaigns")) == {
        ("erp", "subscriptions"): "2026-01-05 08:00:00",
        ("erp", "campaigns"): "2026-01-31 15:59:00",
    }


def test_an_order_after_the_as_of_day_says_that_its_source_goes_on(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, settings: Settings
) -> None:
    tell(connection, "orders", "erp", ordered_at="2026-02-03 08:00")
    assert reached(connection, tmp_path, settings, ("erp", "orders")) == {("erp", "orders"): "2026-02-03 08:00:00"}


def test_tables_without_dates_or_rows_reach_nowhere_and_removed_sources_are_not_told(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, settings: Settings
) -> None:
    tell(connection, "orders", "removed", ordered_at="2026-01-03 08:00")
    read = (("erp", "products"), ("erp", "orders"), ("removed", "orders"))
    assert reached(connection, tmp_path, settings, *read) == {("erp", "products"): None, ("erp", "orders"): None}
