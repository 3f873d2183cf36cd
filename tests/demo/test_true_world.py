"""What holds in the demo company by construction: how people buy, who they are, what adds up."""

import numpy as np
import polars as pl
import pytest

from orchestration.demo.buying import BuyingProcess, draw_buyers, simulate

PROCESS = BuyingProcess()


@pytest.fixture(scope="module")
def buyers():
    return draw_buyers(np.random.default_rng(1), 400_000, PROCESS)


def test_rates_have_the_mean_and_variance_of_their_gamma_distribution(buyers):
    assert buyers.rate.mean() == pytest.approx(PROCESS.r / PROCESS.alpha, rel=0.01)
    assert buyers.rate.var() == pytest.approx(PROCESS.r / PROCESS.alpha**2, rel=0.03)


def test_dropout_has_the_mean_of_its_beta_distribution(buyers):
    assert buyers.dropout_probability.mean() == pytest.approx(PROCESS.a / (PROCESS.a + PROCESS.b), rel=0.01)


def test_purchases_are_worth_the_mean_of_the_gamma_gamma_model(buyers):
    expected = PROCESS.v * PROCESS.p / (PROCESS.q - 1)
    assert buyers.mean_value.mean() == pytest.approx(expected, rel=0.02)


def test_as_many_buy_once_as_the_model_says(buyers):
    horizon = 365.0
    purchases = simulate(np.random.default_rng(2), buyers, first=np.zeros(400_000), horizon=horizon, process=PROCESS)
    once = (np.bincount(purchases.buyer) == 1).mean()
    # Either dropped out at once, or alive without another purchase.
    a, b, r, alpha = PROCESS.a, PROCESS.b, PROCESS.r, PROCESS.alpha
    expected = a / (a + b) + b / (a + b) * (alpha / (alpha + horizon)) ** r
    assert once == pytest.approx(expected, abs=0.003)


def test_the_written_rates_are_those_of_the_process(company):
    buyers = company.truth("buyers")

    assert buyers["purchase_rate_per_day"].mean() == pytest.approx(PROCESS.r / PROCESS.alpha, rel=0.15)
    assert company.fact("parameters")["buying_process"]["alpha"] == PROCESS.alpha


def test_nobody_buys_after_dropping_out(company):
    identities = company.truth("identities").filter(pl.col("source_system") == "shop")
    last = (
        _clean_orders(company)
        .join(identities.with_columns(pl.col("customer_id").cast(pl.String)), on="customer_id")
        .group_by("person_id")
        .agg(pl.col("ordered_at").max())
    )
    gone = company.truth("buyers").with_columns(pl.col("dropped_out_at").str.to_datetime(time_unit="us"))
    compared = last.join(gone, on="person_id").filter(pl.col("dropped_out_at").is_not_null())

    assert compared.height > 100
    assert (compared["ordered_at"] <= compared["dropped_out_at"]).all()


def test_lines_add_up_to_their_orders(company):
    lines = company.tables["shop.order_lines"].unique()
    flawed = company.truth("dirty_rows").filter(pl.col("table") == "order_lines")["row_key"]
    untouched = lines.filter(~pl.col("order_id").is_in([key.split("|")[0].removeprefix("GONE-") for key in flawed]))
    sums = untouched.group_by("order_id").agg(pl.col("net_amount").sum().alias("lines_amount"))
    compared = _clean_orders(company).join(sums, on="order_id")

    assert compared.height > 1_000
    assert (compared["net_amount"] == compared["lines_amount"]).all()


def test_a_twentieth_of_the_orders_are_of_guests(company):
    orders = company.tables["shop.orders"]

    assert orders["customer_id"].is_null().mean() == pytest.approx(0.05, abs=0.01)


def test_merges_run_in_chains_that_end(company):
    merged = (
        company.tables["shop.customers"]
        .filter(pl.col("merged_into_id").is_not_null(), ~pl.col("merged_into_id").str.starts_with("GONE-"))
        .select("customer_id", "merged_into_id")
        .unique()
    )
    into = dict(merged.drop_nulls().iter_rows())
    chains = [start for start in into if into.get(into[start])]

    assert len(chains) >= 3
    assert all(into.get(into[into[start]]) is None for start in chains)
    # Neither always to a greater number nor always to a smaller one.
    assert {into[start] > start for start in chains} == {True, False}


def test_no_member_ever_owes_points(company):
    movements = company.tables["shop.loyalty_movements"]
    flawed = company.truth("dirty_rows").filter(pl.col("table") == "loyalty_movements")["row_key"]
    touched = movements.filter(pl.col("movement_id").is_in(flawed.to_list()))["customer_id"]
    gone = [member.removeprefix("GONE-") for member in touched]
    balance = (
        movements.filter(~pl.col("customer_id").str.strip_prefix("GONE-").is_in(gone))
        .sort("occurred_at", "movement_id")
        .select(pl.col("points").cum_sum().over("customer_id"))
    )
    assert balance.height > 1_000
    assert balance["points"].min() >= 0


def test_known_shares_of_people_are_in_one_two_and_three_systems(company):
    systems = company.truth("identities").group_by("person_id").agg(pl.col("source_system").n_unique())
    counted = {str(number): count for number, count in systems["source_system"].value_counts().iter_rows()}

    assert counted == company.fact("parameters")["people_known_by_systems"]
    assert set(counted) == {"1", "2", "3"}


def _clean_orders(company) -> pl.DataFrame:
    """Orders that count, without those that a flaw was planted in."""
    flawed = company.truth("dirty_rows").filter(pl.col("table") == "orders")["row_key"].to_list()
    orders = company.tables["shop.orders"].filter(~pl.col("is_test") & ~pl.col("is_trial"))
    return orders.filter(
        ~pl.col("order_id").is_in(flawed),
        pl.col("status").is_in(["completed", "returned"]),
    )
