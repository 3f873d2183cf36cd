"""Online Retail, one file of invoice lines behind five feed tables, gives its reference figures."""

from datetime import date

import polars as pl
import pytest
from examples import (
    Example,
    balances,
    buyers,
    churn,
    cohorts,
    months,
    reference_buyers,
    reference_churn,
    reference_cohorts,
    reference_months,
    reference_scored_buyers,
    run_example,
    scored_buyers,
    wrong_amounts,
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def retail(tmp_path_factory: pytest.TempPathFactory) -> Example:
    return run_example("uci_online_retail", tmp_path_factory.mktemp("retail"))


@pytest.fixture(scope="module")
def lines(retail: Example) -> pl.DataFrame:
    """Every line of the file."""
    return pl.read_csv(retail.data / "online_retail_2010_2011.csv.gz", infer_schema=False)


@pytest.fixture(scope="module")
def sales(lines: pl.DataFrame) -> pl.DataFrame:
    """The lines of invoices that are neither cancellations nor adjustments."""
    return lines.filter(~pl.col("InvoiceNo").str.contains("^[CA]"))


def test_the_run_succeeds(retail: Example) -> None:
    assert retail.exit_code == 0, retail.said


def test_every_row_read_is_valid_quarantined_or_a_duplicate(retail: Example) -> None:
    found = balances(retail)
    assert set(found) == {"customers", "orders", "order_lines", "refunds", "products"}
    assert [table for table, (read, *kept) in found.items() if read != sum(kept)] == []


def test_every_line_and_invoice_of_the_file_is_read(retail: Example, sales: pl.DataFrame) -> None:
    held = retail.reference["dirty"]
    cancellations, adjustments = held["cancellation_rows_C"], held["adjust_bad_debt_rows_A"]
    found = balances(retail)
    assert found["order_lines"][0] == held["rows"] - cancellations - adjustments == 532_618
    assert found["orders"][0] == sales["InvoiceNo"].n_unique() == 22_061
    assert found["refunds"][0] == held["cancellation_invoices_C"] == 3_836


def test_every_customer_and_product_that_the_file_names_is_read(retail: Example, lines: pl.DataFrame) -> None:
    found = balances(retail)
    assert found["customers"][0] == lines["CustomerID"].drop_nulls().n_unique() == 4_372
    assert found["products"][0] == lines["StockCode"].str.to_uppercase().n_unique() == 3_958


def test_only_stock_write_offs_are_refused(retail: Example, sales: pl.DataFrame) -> None:
    written_off = sales.filter(pl.col("Quantity").str.starts_with("-"))
    assert retail.rows("select table_name, failed_rules, count(*) from quality.fct_quarantined_rows group by all") == [
        ("order_lines", "quantity_is_not_negative", len(written_off))
    ]
    assert len(written_off) == retail.reference["dirty"]["negative_qty_rows_not_cancellation"]
    assert written_off.filter(pl.col("UnitPrice").cast(float) != 0).is_empty()


def test_equal_lines_of_an_invoice_stay_two_purchases(retail: Example) -> None:
    assert [table for table, counts in balances(retail).items() if counts[3]] == []


def test_buyers_valid_orders_and_revenue_are_the_reference_s(retail: Example) -> None:
    found = retail.rows(
        "select count(distinct customer_key), count(*), sum(net_amount)::double "
        "from core.fct_orders where is_valid and not is_guest"
    )
    reference = retail.reference
    assert found == [(reference["customers"], reference["orders"], reference["revenue"])]
    assert found == [(4338, 18532, 8911407.90)]


def test_guest_orders_stand_beside_them(retail: Example) -> None:
    assert retail.rows("select count(*), sum(net_amount)::double from core.fct_orders where is_valid and is_guest") == [
        (1427, 1744214.58)
    ]


def test_exactly_the_invoices_with_a_quantity_at_a_price_are_valid_orders(retail: Example, sales: pl.DataFrame) -> None:
    bought = sales.filter(pl.col("Quantity").cast(int) > 0, pl.col("UnitPrice").cast(float) > 0)
    valid = retail.rows("select order_id from core.fct_orders where is_valid")
    assert {order for (order,) in valid} == set(bought["InvoiceNo"])
    assert len(valid) == bought["InvoiceNo"].n_unique() == 18_532 + 1_427


def test_what_is_no_valid_order_is_an_order_of_nothing(retail: Example) -> None:
    assert retail.rows(
        "select is_guest, count(*), sum(net_amount)::double from core.fct_orders "
        "where not is_valid group by is_guest order by is_guest"
    ) == [(False, 4, 0.0), (True, 2098, 0.0)]


def test_lines_add_up_to_their_orders(retail: Example) -> None:
    assert retail.rows(
        "select count(*) from (select order_key, sum(net_amount) as amount from core.fct_order_lines "
        "group by order_key) inner join core.fct_orders using (order_key) "
        "where abs(amount - net_amount) >= 0.01"
    ) == [(0,)]


def test_the_figures_are_as_of_the_last_day_of_orders(retail: Example) -> None:
    assert retail.rows("select distinct as_of_date from marts.fct_customer_value") == [(date(2011, 12, 9),)]


def test_the_last_month_is_still_open(retail: Example) -> None:
    assert retail.rows(
        "select distinct period_start from marts.fct_churn_periods "
        "where period_grain = 'month' and maturity != 'complete'"
    ) == [(date(2011, 12, 1),)]


def test_months_have_the_reference_s_orders_customers_and_revenue(retail: Example) -> None:
    assert months(retail) == reference_months(retail)


def test_cohorts_are_the_reference_s_to_the_customer(retail: Example) -> None:
    assert cohorts(retail) == reference_cohorts(retail)


def test_churn_is_the_reference_s_to_the_customer(retail: Example) -> None:
    assert churn(retail) == reference_churn(retail)


def test_every_buyer_has_the_reference_s_frequency_recency_and_age(retail: Example) -> None:
    assert buyers(retail) == reference_buyers(retail)


def test_every_buyer_is_scored_on_the_reference_s_recency_and_orders(retail: Example) -> None:
    assert scored_buyers(retail) == reference_scored_buyers(retail)


def test_every_buyer_has_the_reference_s_revenue_and_mean_of_repeat_days(retail: Example) -> None:
    assert wrong_amounts(retail) == {}


def test_refunds_are_the_reference_s_and_lower_what_customers_are_worth(retail: Example) -> None:
    refunds = retail.reference["refunds"]
    assert retail.rows("select count(*), sum(amount)::double from core.fct_refunds") == [
        (refunds["cancellation_invoices"], refunds["amount"])
    ]
    assert retail.rows(
        "select count(*) filter (historical_refund_amount > 0), sum(historical_refund_amount)::double "
        "from marts.fct_customer_value where status != 'guest'"
    ) == [(refunds["customers"], refunds["amount_with_customer"])]


def test_no_order_is_lowered_by_a_refund_that_names_none(retail: Example) -> None:
    assert retail.rows("select sum(refund_amount)::double, bool_or(is_refunded_in_full) from core.fct_orders") == [
        (0.0, False)
    ]


def test_the_ledger_adds_up_with_guests_and_refunds(retail: Example) -> None:
    revenue, refunds = retail.rows(
        "select sum(historical_revenue_amount)::double, sum(historical_refund_amount)::double "
        "from marts.fct_customer_value"
    )[0]
    assert revenue == pytest.approx(8911407.90 + 1744214.58, abs=0.01)
    assert refunds == retail.reference["refunds"]["amount"]


def test_the_headline_revenue_is_what_remains_after_refunds(retail: Example) -> None:
    assert f"{8911407.90 + 1744214.58 - 896812.49:,.2f}" in retail.said


def test_a_place_that_is_no_country_leaves_its_customers_without_one(retail: Example, lines: pl.DataFrame) -> None:
    places = ["Channel Islands", "European Community", "Unspecified"]
    there = lines.filter(pl.col("Country").is_in(places))["CustomerID"].drop_nulls()
    without = retail.rows(
        "select source_customer_id from core.dim_customers where country is null and not is_guest and not is_erased"
    )
    assert {customer for (customer,) in without} == set(there.str.strip_suffix(".0"))
    assert len(without) == 14


def test_a_model_that_repetition_beats_scores_nobody_and_the_run_succeeds(retail: Example) -> None:
    assert "foretells no better than the repetition of the last period" in retail.said
    tried = "marts.fct_value_models where family = 'mbg_nbd'"
    assert retail.rows(f"select distinct is_beaten from {tried} and segment_type = 'all'") == [(True,)]
    assert retail.rows(f"select distinct is_used from {tried}") == [(False,)]
    assert retail.rows("select count(*) from marts.fct_customer_value where status = 'ok'") == [(0,)]
