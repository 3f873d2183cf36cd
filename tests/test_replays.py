"""A day told again: with what was known then all is as it was, with all that is known now only late rows differ."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from chronicle import run_on
from worlds import World

pytestmark = pytest.mark.slow

DAY, LATER = "2026-02-28", "2026-04-30"
# What tells of loads and runs, and so of when it was built; the rest of a replay is the publication of its day.
OF_LOADS_AND_RUNS = (
    "fct_predictions", "fct_value_models", "fct_restatements", "fct_row_balances", "fct_rule_results",
    "fct_source_freshness", "publish_info",
)  # fmt: skip
BY_THE_DAY = {
    "customers": """\
        customer_id,country,acquisition_channel,loyalty_tier,created_at,updated_at,is_test,merged_into_id,deleted_at
        ann,GB,search,basic,2025-06-01,2025-06-01,,,
        bea,FR,social,basic,2025-12-20,2025-12-20,,,
        cid,GB,search,basic,2025-08-01,2025-08-01,,,
        dan,GB,search,basic,2025-08-01,2025-08-01,,,
        try,GB,search,basic,2025-08-01,2025-08-01,true,,
    """,
    "leads": """\
        lead_id,customer_id,channel,status,created_at,converted_at,updated_at
        l1,dan,fair,new,2026-02-01,,2026-02-01
    """,
    "opportunities": """\
        opportunity_id,customer_id,stage,amount,currency,created_at,closed_at,is_won,updated_at
        p1,dan,proposal,500,GBP,2026-02-10,,,2026-02-10
    """,
    "orders": """\
        order_id,customer_id,ordered_at,status,net_amount,currency,paid_at,updated_at
        a1,ann,2025-07-01 12:00,completed,100,GBP,2025-07-02,2025-07-02
        a2,ann,2025-09-10 12:00,completed,80,EUR,2025-09-11,2025-09-11
        b1,bea,2026-01-15 12:00,pending,40,GBP,,2026-01-15
        c1,cid,2025-08-20 12:00,completed,60,GBP,2025-08-20,2025-08-20
        g1,,2025-10-01 12:00,completed,15,GBP,2025-10-01,2025-10-01
    """,
    "exchange_rates": "rate_date,from_currency,to_currency,rate\n2025-01-01,EUR,GBP,0.8\n",
    "subscriptions": """\
        subscription_id,customer_id,plan,billing_period,recurring_amount,currency,started_at,cancelled_at,ends_at,updated_at
        s1,bea,plus,month,10,GBP,2026-01-01,,,2026-01-01
    """,
    "tickets": """\
        ticket_id,customer_id,opened_at,resolved_at,status,updated_at
        t1,ann,2026-02-20,,open,2026-02-20
    """,
    "survey_responses": """\
        response_id,survey_id,question_type,customer_id,sent_at,responded_at,score
        n1,s,nps,ann,2026-02-20,,
        n2,s,nps,bea,2026-02-01,2026-02-03,9
    """,
    "web_events": """\
        event_id,customer_id,anonymous_id,session_id,event_name,occurred_at,utm_source
        w1,,browser,visit,page_view,2026-02-27 10:00,search
    """,
    "consents": "consent_id,customer_id,purpose,is_granted,recorded_at\nk1,ann,marketing,true,2025-06-01\n",
}
# Corrections, a merge, a deletion, an end told, answers: all of it dated after the day and told after it.
AFTERWARDS = {
    "customers": """\
        customer_id,country,acquisition_channel,loyalty_tier,created_at,updated_at,is_test,merged_into_id,deleted_at
        bea,DE,fair,gold,2025-12-20,2026-03-01,,,
        cid,GB,search,basic,2025-08-01,2026-03-20,,ann,
        dan,GB,search,basic,2025-08-01,2026-04-02,,,2026-04-02
        new,US,search,basic,2026-03-03,2026-03-03,,,
    """,
    "leads": """\
        lead_id,customer_id,channel,status,created_at,converted_at,updated_at
        l1,dan,fair,converted,2026-02-01,2026-03-04,2026-03-04
    """,
    "opportunities": """\
        opportunity_id,customer_id,stage,amount,currency,created_at,closed_at,is_won,updated_at
        p1,dan,won,900,GBP,2026-02-10,2026-03-06,true,2026-03-06
    """,
    "orders": """\
        order_id,customer_id,ordered_at,status,net_amount,currency,paid_at,updated_at
        a3,ann,2026-03-10 12:00,completed,30,EUR,2026-03-11,2026-03-11
        b1,bea,2026-01-15 12:00,completed,45,GBP,2026-03-05,2026-03-05
        n1,new,2026-03-09 12:00,completed,20,GBP,2026-03-09,2026-03-09
    """,
    "refunds": "refund_id,order_id,refunded_at,amount,currency\nr1,a1,2026-03-12 12:00,100,GBP\n",
    "exchange_rates": "rate_date,from_currency,to_currency,rate\n2026-03-01,EUR,GBP,0.9\n",
    "subscriptions": """\
        subscription_id,customer_id,plan,billing_period,recurring_amount,currency,started_at,cancelled_at,ends_at,updated_at
        s1,bea,plus,month,12,GBP,2026-01-01,2026-03-01,2026-04-01,2026-03-01
    """,
    "tickets": """\
        ticket_id,customer_id,opened_at,resolved_at,status,updated_at
        t1,ann,2026-02-20,2026-03-02,closed,2026-03-02
    """,
    "survey_responses": """\
        response_id,survey_id,question_type,customer_id,sent_at,responded_at,score
        n1,s,nps,ann,2026-02-20,2026-03-02,3
    """,
    "web_events": """\
        event_id,customer_id,anonymous_id,session_id,event_name,occurred_at,utm_source
        w2,ann,browser,visit,page_view,2026-03-01 10:00,social
    """,
    "consents": "consent_id,customer_id,purpose,is_granted,recorded_at\nk2,ann,marketing,false,2026-03-01\n",
}
# Of before the day, and told after it.
LATE = {
    "orders": """\
        order_id,customer_id,ordered_at,status,net_amount,currency,paid_at,updated_at
        late,dan,2026-02-10 12:00,completed,25,GBP,2026-02-10,2026-02-10
    """,
    "refunds": "refund_id,order_id,refunded_at,amount,currency\nlate,c1,2026-01-20 12:00,5,GBP\n",
}


@dataclass(frozen=True)
class Tables:
    """The published tables of one run, kept aside."""

    file: Path

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.file), read_only=True) as connection:
            return connection.execute(query).fetchall()

    def rows(self) -> Mapping[str, set[tuple[Any, ...]]]:
        """Of every table that a replay repeats, its rows."""
        names = self.ask("select schema_name || '.' || table_name from duckdb_tables()")
        repeated = [name for (name,) in names if name.split(".")[1] not in OF_LOADS_AND_RUNS]
        return {name: set(self.ask(f"select * from {name}")) for name in repeated}


@pytest.fixture(scope="module")
def told(new_world: Callable[[str], World]) -> Mapping[str, Tables]:
    """The publication of the day, that of a later one, and the day told again in both ways."""
    world = new_world("replayed")
    world.configure()
    _deliver(world, "1", BY_THE_DAY)
    told = {"the day": _kept(world, "2026-02-28", as_of=DAY)}
    _deliver(world, "2", AFTERWARDS)
    _deliver(world, "3", LATE)
    told["later"] = _kept(world, "2026-05-01", as_of=LATER)
    told["as known then"] = _kept(world, "2026-05-02", as_of=DAY, known=DAY)
    told["as known now"] = _kept(world, "2026-05-02", as_of=DAY)
    return told


def _deliver(world: World, number: str, tables: Mapping[str, str]) -> None:
    for table, content in tables.items():
        world.write(f"shop/{table}/{number}.csv", content)


def _kept(world: World, day: str, **request: Any) -> Tables:
    published = run_on(world, day, **request)
    kept = world.folder / f"{published.name}.duckdb"
    shutil.copy(published / "warehouse.duckdb", kept)
    return Tables(kept)


def test_with_what_was_known_then_every_table_is_as_it_was(told: Mapping[str, Tables]) -> None:
    then, again = told["the day"].rows(), told["as known then"].rows()
    assert len(then) > 30
    assert {name: rows ^ again[name] for name, rows in then.items() if rows != again[name]} == {}


def test_the_later_publication_is_another_one(told: Mapping[str, Tables]) -> None:
    then, later = told["the day"].rows(), told["later"].rows()
    changed = {name.split(".")[1] for name in then if then[name] != later[name]}
    assert {"bridge_customer_identities", "fct_subscriptions", "fct_tickets", "fct_web_sessions"} < changed
    assert {"dim_customer_versions", "fct_cohort_retention", "fct_nps_periods", "fct_rfm_scores"} < changed


def test_with_all_that_is_known_now_only_what_late_rows_touch_differs(told: Mapping[str, Tables]) -> None:
    then, now = told["the day"].rows(), told["as known now"].rows()
    differing = {name for name in then if then[name] != now[name]}
    assert differing == {
        "core.dim_customers",
        "core.fct_activities",
        "core.fct_orders",
        "core.fct_refunds",
        "marts.fct_churn_periods",
        "marts.fct_churn_risk",
        "marts.fct_cohort_pooled_retention",
        "marts.fct_cohort_retention",
        "marts.fct_customer_losses",
        "marts.fct_customer_value",
        "marts.fct_lifecycle_stages",
        "marts.fct_rfm_scores",
        "marts.fct_segment_members",
        "marts.fct_stage_conversions",
        "marts.fct_stage_populations",
        "marts.fct_stage_transitions",
    }


def test_late_rows_are_all_that_came_to_the_facts(told: Mapping[str, Tables]) -> None:
    query = "select order_id, net_amount, refund_amount from core.fct_orders"
    then, now = set(told["the day"].ask(query)), set(told["as known now"].ask(query))
    assert {(order, float(net), float(refunded)) for order, net, refunded in now - then} == {
        ("late", 25.0, 0.0),
        ("c1", 60.0, 5.0),
    }
    assert {order for order, *_ in then - now} == {"c1"}


def test_a_replay_leaves_the_list_of_restatements_as_it_was(told: Mapping[str, Tables]) -> None:
    everything = "select * from quality.fct_restatements order by all"
    listed = told["later"].ask(everything)
    assert listed
    assert told["as known then"].ask(everything) == listed
    assert told["as known now"].ask(everything) == listed
