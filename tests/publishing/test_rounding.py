"""Amounts are rounded once, when they are published."""

import duckdb
import pytest

from orchestration.publishing.duckdb_file import rounded


@pytest.mark.parametrize(
    ("amount", "published"),
    [
        ("1.00499999", "1.00"),
        ("1.005", "1.01"),
        ("-1.005", "-1.01"),
        ("2.675", "2.68"),
        ("0", "0.00"),
        ("9999999999.99499999", "9999999999.99"),
        ("12345678901.235", "12345678901.24"),
        ("-99999999999999.995", "-100000000000000.00"),
    ],
)
def test_an_amount_of_any_size_is_rounded_half_away_from_zero(amount: str, published: str):
    with duckdb.connect(":memory:") as connection:
        query = f"select cast({rounded('amount')} as varchar) from (select {amount}::decimal(28, 8) as amount)"
        assert connection.execute(query).fetchall() == [(published,)]


def test_an_unknown_amount_stays_unknown():
    with duckdb.connect(":memory:") as connection:
        query = f"select {rounded('amount')} from (select null::decimal(28, 8) as amount)"
        assert connection.execute(query).fetchall() == [(None,)]
