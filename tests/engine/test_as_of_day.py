"""The day of a run is that of the latest valid order as it stands, whatever its earlier versions said."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest

from orchestration.engine.duckdb import as_of_day
from orchestration.settings import Settings, settings_from_text

CONFIGURATION = """
warehouse: {reporting_timezone: Asia/Shanghai, reporting_currency: CNY}
sources: [{name: shop, type: demo}]
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_from_text(CONFIGURATION, tmp_path / "lifecycle.yml", base=tmp_path)


@pytest.fixture
def orders() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'; create schema feed")
        connection.execute("""
            create table feed.orders (
                order_id varchar, ordered_at timestamp, updated_at timestamp, status varchar, load_id varchar,
                source_system varchar default 'shop', net_amount decimal(18, 4) default 10,
                gross_amount decimal(18, 4), discount_amount decimal(18, 4), is_trial boolean, is_test boolean,
                row_number bigint default 1, content_hash varchar default ''
            )
        """)
        yield connection


def place(connection: duckdb.DuckDBPyConnection, *rows: tuple[str, str, str | None, str, str]) -> None:
    connection.executemany(
        "insert into feed.orders (order_id, ordered_at, updated_at, status, load_id) values (?, ?, ?, ?, ?)", rows
    )


def test_the_day_is_local(orders: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    place(orders, ("1", "2026-01-05 16:00", None, "completed", "a"))
    assert as_of_day(orders, settings, None) == date(2026, 1, 6)


def test_an_order_that_was_cancelled_later_moves_the_day_back(
    orders: duckdb.DuckDBPyConnection, settings: Settings
) -> None:
    place(
        orders,
        ("1", "2026-01-05 10:00", "2026-01-05 10:00", "completed", "a"),
        ("2", "2026-01-09 10:00", "2026-01-09 10:00", "completed", "a"),
        ("2", "2026-01-09 10:00", "2026-01-10 10:00", "cancelled", "b"),
        ("3", "2026-01-08 10:00", None, "completed", "a"),
        ("3", "2026-01-07 10:00", None, "completed", "b"),
    )
    assert as_of_day(orders, settings, None) == date(2026, 1, 7)


def test_an_order_that_was_moved_to_a_later_day_counts_there(
    orders: duckdb.DuckDBPyConnection, settings: Settings
) -> None:
    place(
        orders,
        ("1", "2026-01-05 10:00", None, "completed", "a"),
        ("1", "2026-01-06 10:00", None, "completed", "b"),
    )
    assert as_of_day(orders, settings, None) == date(2026, 1, 6)


def test_the_day_that_was_asked_for_is_taken(orders: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    place(orders, ("1", "2026-01-05 10:00", None, "completed", "a"))
    assert as_of_day(orders, settings, "2025-12-31") == date(2025, 12, 31)
