"""What a later publication tells otherwise of closed periods is told, with the cause that a person would name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest
from chronicle import run_on
from worlds import World

pytestmark = pytest.mark.slow

# ann, bea and dan buy in January, cid in February; bea pays in euros, which are 0.8 pounds.
CUSTOMERS = """\
    customer_id,country,created_at,updated_at,merged_into_id
    ann,GB,2026-01-02,2026-01-02,
    bea,FR,2026-01-03,2026-01-03,
    cid,GB,2026-02-01,2026-02-01,
    dan,GB,2026-01-05,2026-01-05,
"""
ORDERS = """\
    order_id,customer_id,ordered_at,status,net_amount,currency
    a1,ann,2026-01-10 12:00,completed,100,GBP
    a2,ann,2026-02-10 12:00,completed,50,GBP
    b1,bea,2026-01-20 12:00,completed,10,EUR
    c1,cid,2026-02-05 12:00,completed,30,GBP
    d1,dan,2026-01-15 12:00,completed,40,GBP
    d2,dan,2026-03-31 12:00,completed,60,GBP
"""
REFUND = "refund_id,order_id,refunded_at,amount\nr1,d1,2026-02-03 09:00,10\n"
RATE = "rate_date,from_currency,to_currency,rate\n2026-01-01,EUR,GBP,0.8\n"
LATE_RATE = "rate_date,from_currency,to_currency,rate\n2026-01-15,EUR,GBP,0.9\n"
LATE_ORDER = "order_id,customer_id,ordered_at,status,net_amount\ne1,eve,2026-02-20 12:00,completed,70\n"
MERGE = "customer_id,updated_at,merged_into_id\ncid,2026-03-30,ann\n"
UNMERGE = "customer_id,updated_at,merged_into_id\ncid,2026-03-31,\n"
JANUARY = "cohort_grain=month|cohort_start=2026-01-01|segment_type=all|segment_value=all|period_number="
FEBRUARY = "cohort_grain=month|cohort_start=2026-02-01|segment_type=all|segment_value=all|period_number="
LIST = """
    select table_name, cell_key, metric, cause, value_before, value_after, label_before, label_after,
        published_at, changed_at
    from quality.fct_restatements order by changed_at, table_name, cell_key, metric
"""


class Restatement(NamedTuple):
    """A row of the list."""

    table_name: str
    cell_key: str
    metric: str
    cause: str
    value_before: float | None
    value_after: float | None
    label_before: str | None
    label_after: str | None
    published_at: object
    changed_at: object


@dataclass(frozen=True)
class Told:
    """What one publication told: the whole list, what was new in it, and when it was published."""

    everything: tuple[Restatement, ...]
    news: tuple[Restatement, ...]
    published_at: object

    @property
    def causes(self) -> set[str]:
        return {row.cause for row in self.news}

    def cohort(self, cell: str) -> Mapping[str, tuple[Any, ...]]:
        """Of a cell of cohort retention: each metric with its values before and after, and the cause."""
        rows = [row for row in self.news if (row.table_name, row.cell_key) == ("fct_cohort_retention", cell)]
        return {row.metric: (row.value_before, row.value_after, row.cause) for row in rows}


@pytest.fixture(scope="module")
def told(new_world: Callable[[str], World]) -> Mapping[str, Told]:
    """What each of seven publications of one world told, by what had come in before it."""
    world = new_world("restated")
    world.configure()
    world.write("shop/customers/1.csv", CUSTOMERS)
    world.write("shop/orders/1.csv", ORDERS)
    world.write("shop/exchange_rates/1.csv", RATE)
    publications = {"the first rows": _told(world, "2026-04-01", ())}
    world.write("shop/refunds/1.csv", REFUND)
    publications["a late refund"] = _told(world, "2026-04-02", publications["the first rows"].everything)
    world.write("shop/customers/2.csv", MERGE)
    publications["a merge"] = _told(world, "2026-04-03", publications["a late refund"].everything)
    world.write("shop/exchange_rates/2.csv", LATE_RATE)
    publications["a late rate"] = _told(world, "2026-04-04", publications["a merge"].everything)
    before = publications["a late rate"].everything
    publications["a replay"] = _told(world, "2026-04-05", before, as_of="2026-03-20", known="2026-04-02")
    world.write("shop/customers/3.csv", UNMERGE)
    world.write("shop/orders/2.csv", LATE_ORDER)
    publications["an unmerge and a late order"] = _told(world, "2026-04-06", before)
    world.configure(parameters={"lapse_days": 30, "at_risk_days": 20})
    before = publications["an unmerge and a late order"].everything
    publications["a parameter"] = _told(world, "2026-04-07", before)
    return publications


def _told(world: World, day: str, before: tuple[Restatement, ...], **request: Any) -> Told:
    run_on(world, day, **request)
    everything = tuple(Restatement(*row) for row in world.published(LIST))
    assert everything[: len(before)] == before
    published_at = world.published("select max(published_at) from core.publish_info")[0][0]
    return Told(everything, everything[len(before) :], published_at)


def test_a_first_publication_tells_of_nothing(told: Mapping[str, Told]) -> None:
    assert told["the first rows"].everything == ()


def test_a_late_refund_is_told_in_the_month_in_which_it_was_paid(told: Mapping[str, Told]) -> None:
    refund = told["a late refund"]
    assert refund.causes == {"refund"}
    assert refund.cohort(JANUARY + "0") == {}
    assert refund.cohort(JANUARY + "1") == {
        "refund_amount": (0, 10, "refund"),
        "net_amount": (50, 40, "refund"),
        "net_revenue_retention_ratio": (50 / 148, 40 / 148, "refund"),
        "cumulative_net_amount": (198, 188, "refund"),
    }
    assert refund.cohort(JANUARY + "2") == {"cumulative_net_amount": (258, 248, "refund")}


def test_a_merge_moves_a_customer_to_the_earlier_cohort(told: Mapping[str, Told]) -> None:
    merge = told["a merge"]
    assert merge.causes == {"merge"}
    assert merge.cohort(FEBRUARY + "0")["cohort_size"] == (1, None, "merge")
    assert merge.cohort(JANUARY + "1")["net_amount"] == (40, 70, "merge")
    assert "cohort_size" not in merge.cohort(JANUARY + "1")
    assert {row.table_name for row in merge.news} == {
        "fct_churn_periods",
        "fct_cohort_retention",
        "fct_lifecycle_stages",
        "fct_rfm_scores",
        "fct_stage_populations",
        "fct_stage_transitions",
    }


def test_a_late_rate_changes_money_and_nothing_else(told: Mapping[str, Told]) -> None:
    rate = told["a late rate"]
    assert rate.causes == {"exchange_rate"}
    assert rate.cohort(JANUARY + "0") == {
        "gross_amount": (148, 149, "exchange_rate"),
        "net_amount": (148, 149, "exchange_rate"),
        "cumulative_net_amount": (148, 149, "exchange_rate"),
    }


def test_a_replay_tells_nothing_new(told: Mapping[str, Told]) -> None:
    assert told["a replay"].news == ()


def test_what_follows_a_replay_is_held_against_what_stood_before_it(told: Mapping[str, Told]) -> None:
    stood = told["a late rate"].published_at
    assert {row.published_at for row in told["an unmerge and a late order"].news} == {stood}


def test_an_unmerge_gives_the_customer_a_cohort_of_its_own_again(told: Mapping[str, Told]) -> None:
    unmerge = told["an unmerge and a late order"]
    assert unmerge.cohort(JANUARY + "1")["net_amount"] == (70, 40, "unmerge")
    assert unmerge.cohort(FEBRUARY + "0")["cohort_size"] == (None, 2, "unmerge")


def test_a_late_order_is_a_late_row_of_its_customer(told: Mapping[str, Told]) -> None:
    late = [row for row in told["an unmerge and a late order"].news if row.cause == "late_row"]
    amounts = {row.cell_key.partition("|")[2]: row.value_after for row in late if row.metric == "monetary_amount"}
    assert amounts == {"as_of_date=2026-02-28": 70, "as_of_date=2026-03-31": 70}


def test_a_parameter_explains_all_that_it_changes(told: Mapping[str, Told]) -> None:
    parameter = told["a parameter"]
    assert parameter.causes == {"definition"}
    changed = [
        (row.label_before, row.label_after)
        for row in parameter.news
        if row.metric == "to_stage" and row.cell_key.endswith("|transitioned_on=2026-02-10")
    ]
    assert changed == [("developing", "reactivated")]
