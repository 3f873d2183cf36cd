"""The day of a run is that of the latest valid order as it stands, whatever its earlier versions said."""

from collections.abc import Iterator
from datetime import date

import duckdb
import pytest

from orchestration.engine.duckdb import as_of_day
from orchestration.settings import Settings


@pytest.fixture
def orders() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'; create schema feed")
        connection.execute("""
            create table feed.orders (
                order_id varchar, ordered_at timestamp, updated_at timestamp, status varchar, load_id varchar,
                customer_id varchar, source_system varchar default 'shop', net_amount decimal(18, 4) default 10,
                gross_amount decimal(18, 4), discount_amount decimal(18, 4), is_trial boolean, is_test boolean,
                row_number bigint default 1, content_hash varchar default ''
            )
        """)
        connection.execute("""
            create table feed.customers (
                customer_id varchar, is_test boolean, updated_at timestamp, source_system varchar default 'shop',
                load_id varchar default 'a', row_number bigint default 1, content_hash varchar default ''
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


def test_an_order_of_who_is_a_test_customer_by_now_does_not_count(
    orders: duckdb.DuckDBPyConnection, settings: Settings
) -> None:
    place(
        orders,
        ("1", "2026-01-05 10:00", None, "completed", "a"),
        ("2", "2026-01-08 10:00", None, "completed", "a"),
        ("3", "2026-01-09 10:00", None, "completed", "a"),
    )
    orders.execute("update feed.orders set customer_id = 'customer ' || order_id")
    orders.execute("""
        insert into feed.customers (customer_id, is_test, updated_at) values
        ('customer 2', true, '2026-01-01'), ('customer 2', false, '2026-01-02'),
        ('customer 3', false, '2026-01-01'), ('customer 3', true, '2026-01-02')
    """)
    assert as_of_day(orders, settings, None) == date(2026, 1, 8)


def test_the_day_that_was_asked_for_is_taken(orders: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    place(orders, ("1", "2026-01-05 10:00", None, "completed", "a"))
    assert as_of_day(orders, settings, "2025-12-31") == date(2025, 12, 31)


def test_an_order_long_before_all_that_do_not_count_is_found(
    orders: duckdb.DuckDBPyConnection, settings: Settings
) -> None:
    place(orders, ("1", "2023-01-07 12:00", None, "completed", "a"))
    place(orders, *((str(day), f"2026-03-{day:02} 12:00", None, "cancelled", "a") for day in range(2, 30)))
    assert as_of_day(orders, settings, None) == date(2023, 1, 7)
