"""The models of value, fitted to the orders that the demo company sent, find the process that made them."""

import numpy as np
import polars as pl
import pytest

from orchestration.value import buying, spending
from orchestration.value.cells import cells_of

# What a unit of value is in each currency, as the demo's own page tells.
UNITS = {"CNY": 7.0, "EUR": 0.9, "USD": 1.0}
LAST_DAY = pl.date(2026, 6, 30)


@pytest.fixture(scope="module")
def histories(company) -> pl.DataFrame:
    """Each buyer's days of order in Shanghai: how often the buyer came back, when last, since when, for how much."""
    people = company.truth("identities").filter(pl.col("source_system") == "shop")
    flawed = company.truth("dirty_rows").filter(pl.col("table") == "orders")["row_key"]
    days = (
        company.tables["shop.orders"]
        .filter(
            ~pl.col("is_test"),
            ~pl.col("is_trial"),
            pl.col("status").is_in(["completed", "returned"]),
            ~pl.col("order_id").is_in(flawed.to_list()),
        )
        .join(people.with_columns(pl.col("customer_id").cast(pl.String)), on="customer_id")
        .with_columns(
            day=pl.col("ordered_at").dt.offset_by("8h").dt.date(),
            value=pl.col("net_amount").cast(pl.Float64) / pl.col("currency").replace_strict(UNITS),
        )
        .group_by("person_id", "day")
        .agg(pl.col("value").sum())
        .sort("person_id", "day")
    )
    return days.group_by("person_id").agg(
        frequency=pl.len() - 1,
        recency=(pl.col("day").max() - pl.col("day").min()).dt.total_days(),
        age=(LAST_DAY - pl.col("day").min()).dt.total_days(),
        mean=pl.col("value").slice(1).mean(),
    )


def test_rates_and_dropout_are_within_two_standard_errors_of_the_truth(company, histories) -> None:
    frequency, recency, age = (histories[name].to_numpy() for name in ("frequency", "recency", "age"))
    fit = buying.fit(cells_of(frequency, recency, age))

    assert fit.dropout_identified
    assert fit.customer_count > 2000
    _agree(fit.parameters, fit.maximum.standard_errors, truth=company.fact("parameters"), names=buying.NAMES)


def test_values_of_orders_are_within_two_standard_errors_of_the_truth(company, histories) -> None:
    again = histories.filter(pl.col("frequency") > 0)
    frequency, mean = (again[name].cast(pl.Float64).to_numpy() for name in ("frequency", "mean"))
    fit = spending.fit(spending.Spenders(frequency, mean, np.ones(len(mean))))

    assert fit.is_identified
    assert fit.customer_count > 1000
    _agree(fit.parameters, fit.maximum.standard_errors, truth=company.fact("parameters"), names=spending.NAMES)


def _agree(fitted, errors, *, truth, names) -> None:
    for name, value, error in zip(names, fitted, errors, strict=True):
        assert abs(value - truth["buying_process"][name]) < 2 * error, (name, value, error)
