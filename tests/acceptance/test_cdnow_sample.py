"""The CDNOW sample, of fixed width and without order numbers, gives its reference figures."""

from datetime import date

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
def cdnow(tmp_path_factory: pytest.TempPathFactory) -> Example:
    return run_example("cdnow_sample", tmp_path_factory.mktemp("cdnow"))


def test_the_run_succeeds(cdnow: Example) -> None:
    assert cdnow.exit_code == 0, cdnow.said


def test_every_customer_and_day_of_the_file_is_one_valid_order(cdnow: Example) -> None:
    lines = (cdnow.data / "CDNOW_sample.txt").read_text(encoding="ascii").splitlines()
    day_count = len({tuple(line.split()[1:3]) for line in lines})
    assert day_count == cdnow.reference["orders"] == 6696
    assert balances(cdnow) == {"orders": (day_count, day_count, 0, 0)}


def test_customers_orders_and_revenue_are_the_published_ones(cdnow: Example) -> None:
    assert cdnow.rows(
        "select count(distinct customer_key), count(*), sum(net_amount)::double "
        "from core.fct_orders where is_valid and not is_guest"
    ) == [(2357, 6696, 244091.94)]


def test_orders_of_no_dollars_count_as_the_configuration_says(cdnow: Example) -> None:
    free = cdnow.rows("select count(*), bool_and(is_valid) from core.fct_orders where net_amount = 0")
    lines = (cdnow.data / "CDNOW_sample.txt").read_text(encoding="ascii").splitlines()
    paid = {tuple(line.split()[1:3]) for line in lines if float(line.split()[4]) > 0}
    assert free == [(6696 - len(paid), True)]


def test_the_figures_are_as_of_the_last_day_of_orders(cdnow: Example) -> None:
    assert cdnow.rows("select distinct as_of_date from marts.fct_customer_value") == [(date(1998, 6, 30),)]


def test_the_last_month_ends_on_the_as_of_date_and_is_complete(cdnow: Example) -> None:
    assert cdnow.rows("select distinct maturity from marts.fct_churn_periods") == [("complete",)]


def test_months_have_the_reference_s_orders_customers_and_revenue(cdnow: Example) -> None:
    assert months(cdnow) == reference_months(cdnow)


def test_cohorts_are_the_reference_s_to_the_customer(cdnow: Example) -> None:
    assert cohorts(cdnow) == reference_cohorts(cdnow)


def test_churn_is_the_reference_s_to_the_customer(cdnow: Example) -> None:
    assert churn(cdnow) == reference_churn(cdnow)


def test_every_buyer_has_the_reference_s_frequency_recency_and_age(cdnow: Example) -> None:
    assert buyers(cdnow) == reference_buyers(cdnow)


def test_every_buyer_is_scored_on_the_reference_s_recency_and_orders(cdnow: Example) -> None:
    assert scored_buyers(cdnow) == reference_scored_buyers(cdnow)


def test_every_buyer_has_the_reference_s_revenue_and_mean_of_repeat_days(cdnow: Example) -> None:
    assert wrong_amounts(cdnow) == {}
