"""The feed that the benchmark makes."""

from pathlib import Path

import duckdb
import pytest

from benchmarks.generate import generate

EVENTS = ["orders", "order_lines", "web_events", "campaign_touches", "loyalty_movements"]


@pytest.fixture(scope="module")
def feed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A history of two thousand customers and the two days after it."""
    folder = tmp_path_factory.mktemp("generated")
    for day in range(3):
        generate(folder, customers=2000, day=day)
    return folder / "feed"


def _asked(feed: Path, query: str) -> list[tuple]:
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"set file_search_path = '{feed}'")
        return connection.execute(query).fetchall()


def test_ten_times_the_customers_are_ten_times_everything_they_do(tmp_path: Path):
    small, large = (generate(tmp_path / f"{size}", customers=size) for size in (1000, 10_000))
    assert {table: large[table] / small[table] for table in EVENTS} == {
        table: pytest.approx(10, rel=0.25) for table in EVENTS
    }


def test_the_same_seed_makes_the_same_feed_and_another_seed_another(tmp_path: Path):
    for name, seed in (("one", 1), ("same", 1), ("other", 2)):
        generate(tmp_path / name, customers=300, seed=seed)
    rows = [
        sorted(_asked(tmp_path / name / "feed", "from 'orders/*.parquet' select order_id, ordered_at, net_amount"))
        for name in ("one", "same", "other")
    ]
    assert rows[0] == rows[1] != rows[2]


@pytest.mark.parametrize("table", EVENTS)
def test_a_day_brings_about_a_hundredth_of_every_event(feed: Path, table: str):
    history, day = (_asked(feed, f"select count(*) from '{table}/day-{number:04}.parquet'")[0][0] for number in (0, 1))
    assert day / history == pytest.approx(0.01, rel=0.4)


def test_a_day_is_the_next_one_but_for_what_is_late(feed: Path):
    days = _asked(
        feed,
        "select cast(ordered_at as date) - date '2026-06-30' as day, count(*) from 'orders/day-0002.parquet' "
        "where order_id like '%-2' group by day",
    )
    on_time = sum(count for day, count in days if day == 2)
    assert 0.88 < on_time / sum(count for _, count in days) < 0.99
    assert min(day for day, _ in days) >= 2 - 150
    assert max(day for day, _ in days) == 2


def test_a_day_corrects_orders_of_before_and_refunds_old_ones(feed: Path):
    corrected = _asked(
        feed,
        "select count(*) from 'orders/day-0001.parquet' as day inner join 'orders/day-0000.parquet' as history "
        "on day.order_id = history.order_id and day.updated_at > history.updated_at",
    )
    ages = _asked(
        feed,
        "select max(refunded_at - ordered_at) > interval 365 day from 'refunds/day-*.parquet' "
        "inner join 'orders/day-0000.parquet' using (order_id)",
    )
    assert corrected[0][0] > 0
    assert ages == [(True,)]


def test_who_buys_often_stands_far_above_who_buys_at_all(feed: Path):
    usual, most = _asked(
        feed,
        "select median(orders), max(orders) from "
        "(select count(*) as orders from 'orders/*.parquet' where customer_id is not null group by customer_id)",
    )[0]
    assert most > 10 * usual


def test_every_row_refers_to_what_there_is(feed: Path):
    nobody = [
        _asked(
            feed,
            f"select count(*) from '{table}/*.parquet' anti join 'customers/*.parquet' using (customer_id) "
            "where customer_id is not null",
        )[0][0]
        for table in ("orders", "subscriptions", "web_events", "tickets", "interactions", "loyalty_movements")
    ]
    assert nobody == [0] * 6
