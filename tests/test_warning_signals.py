"""Warnings of customers whose stories a person can follow: when they opened and closed, why, and what came."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any

import pytest
from worlds import World

AS_OF = "2026-06-30"
# Who orders for 100.00 each ten days, from when until when, and of which source.
EACH_TEN_DAYS = {
    "regular": ("2026-01-01", "2026-03-22", "shop"),
    "lapsed": ("2025-06-01", "2025-09-09", "shop"),
    "returned": ("2026-01-01", "2026-01-31", "shop"),
    "of_the_late_source": ("2026-01-01", "2026-05-25", "mail"),
}
ORDERED_ONCE = {
    "returned": "2026-03-01",
    "fader": "2026-04-01",
    "complainer": "2026-05-01",
    "patient": "2026-05-01",
    "fell_out": "2026-05-01",
    "last": AS_OF,
}
TICKETS = """\
    ticket_id,customer_id,opened_at,resolved_at,is_complaint
    first,complainer,2026-06-10,,true
    second,complainer,2026-06-12,2026-06-25,true
    too_young,patient,2026-06-24,,true
    of_a_prospect,prospect,2026-06-01,,true
"""
ANSWERS = """\
    response_id,survey_id,question_type,customer_id,sent_at,responded_at,score
    high,s,nps,fell_out,2026-05-10,2026-05-10,9
    low,s,nps,fell_out,2026-06-10,2026-06-10,3
"""
SUBSCRIPTIONS = """\
    subscription_id,customer_id,billing_period,recurring_amount,started_at,ends_at,payment_failed_at
    failing,in_arrears,month,10,2026-01-01,,2026-06-15
    ending,leaver,year,100,2025-08-15,2026-08-15,
    talked_of,talker,year,100,2025-08-15,2026-08-15,
"""
OPPORTUNITIES = "opportunity_id,customer_id,stage,created_at\nrenewal,talker,open,2026-06-01\n"


def orders(source: str) -> str:
    rows = [
        f"{customer}_{day},{customer},{day},completed,100.00"
        for customer, (first, last, of) in EACH_TEN_DAYS.items()
        if of == source
        for day in days(first, last, 10)
    ]
    rows += [f"{who}_{day},{who},{day},completed,100.00" for who, day in ORDERED_ONCE.items() if source == "shop"]
    return "order_id,customer_id,ordered_at,status,net_amount\n" + "\n".join(rows) + "\n"


def web_events() -> str:
    rows = [f"{day},fader,{day}T10:00:00,page_viewed" for day in days("2026-03-01", "2026-05-10", 1)]
    return "event_id,customer_id,occurred_at,event_name\n" + "\n".join(rows) + "\n"


def days(first: str, last: str, step: int) -> Iterator[date]:
    day = date.fromisoformat(first)
    while day <= date.fromisoformat(last):
        yield day
        day += timedelta(days=step)


@pytest.fixture(scope="module")
def world(new_world: Callable[[str], World]) -> World:
    world = new_world("warnings")
    sources = [{"name": name, "type": "files", "path": f"./{name}"} for name in ("shop", "mail")]
    world.configure(sources, reporting_timezone="UTC", reporting_currency="CNY")
    world.write("mail/orders.csv", orders("mail"))
    tables = {
        "orders": orders("shop"), "web_events": web_events(), "tickets": TICKETS, "survey_responses": ANSWERS,
        "subscriptions": SUBSCRIPTIONS, "opportunities": OPPORTUNITIES,
    }  # fmt: skip
    for table, rows in tables.items():
        world.write(f"shop/{table}.csv", rows)
    ended = world.run("--as-of", AS_OF)
    assert ended.exit_code == 0, ended.output
    return world


@pytest.fixture(scope="module")
def warnings(world: World) -> Mapping[str, list[tuple[Any, ...]]]:
    """The warnings of each customer, by rule and day."""
    rows = world.published("""
        select source_customer_id, rule, opened_on::varchar, closed_on::varchar, outcome, severity,
            round(baseline_value, 2), round(observed_value, 2), lead_days
        from marts.fct_warning_signals inner join core.bridge_customer_identities using (customer_key)
        where identity_type = 'customer' and valid_to is null
        order by all
    """)
    told: dict[str, list[tuple[Any, ...]]] = {}
    for customer, *values in rows:
        told.setdefault(customer, []).append(tuple(values))
    return told


@pytest.mark.parametrize(
    ("customer", "expected"),
    [
        pytest.param(
            "fader",
            [("activity_drop", "2026-05-30", None, "open", "medium", 20.33, 10.0, None)],
            id="ten visits where there were twenty",
        ),
        pytest.param(
            "regular",
            [
                ("activity_drop", "2026-04-11", None, "open", "medium", 2.67, 1.0, None),
                ("frequency_drop", "2026-04-02", None, "open", "medium", 10.0, 11.0, None),
                ("spend_drop", "2026-04-11", None, "open", "medium", 266.67, 100.0, None),
            ],
            id="silent longer than ever, then less bought and done",
        ),
        pytest.param(
            "lapsed",
            [
                ("activity_drop", "2025-09-29", "2026-03-08", "lost", "medium", 3.0, 1.0, 160),
                ("frequency_drop", "2025-09-20", "2026-03-08", "lost", "medium", 10.0, 11.0, 169),
                ("spend_drop", "2025-09-29", "2026-03-08", "lost", "medium", 300.0, 100.0, 160),
            ],
            id="silent until lost",
        ),
        pytest.param(
            "complainer",
            [("open_complaint", "2026-06-17", None, "open", "medium", 7.0, 7.0, None)],
            id="two complaints are one warning while both are open",
        ),
        pytest.param(
            "fell_out",
            [("satisfaction_drop", "2026-06-10", None, "open", "high", 0.9, 0.3, None)],
            id="from promoter to detractor",
        ),
        pytest.param(
            "in_arrears",
            [("payment_failure", "2026-06-15", None, "open", "high", 0.0, 1.0, None)],
            id="a failed payment",
        ),
        pytest.param(
            "leaver",
            [("contract_ending", "2026-05-17", None, "open", "medium", 90.0, 90.0, None)],
            id="a contract that ends with nobody talking of it",
        ),
        pytest.param(
            "talker",
            [("contract_ending", "2026-05-17", "2026-06-01", "recovered", "medium", 90.0, 90.0, None)],
            id="until somebody does",
        ),
    ],
)
def test_a_warning_tells_its_story(
    warnings: Mapping[str, list[tuple[Any, ...]]], customer: str, expected: list[tuple[Any, ...]]
) -> None:
    assert warnings[customer] == expected


def test_a_gap_that_closed_is_recovered_and_makes_the_next_one_usual(
    warnings: Mapping[str, list[tuple[Any, ...]]],
) -> None:
    """Of gaps of 10, 10, 10 and 29 days nine tenths are no longer than 23.3."""
    assert [warning for warning in warnings["returned"] if warning[0] == "frequency_drop"] == [
        ("frequency_drop", "2026-02-11", "2026-03-01", "recovered", "medium", 10.0, 11.0, None),
        ("frequency_drop", "2026-03-25", None, "open", "medium", 23.3, 24.0, None),
    ]


def test_nothing_is_made_of_what_a_late_source_has_not_told(
    world: World, warnings: Mapping[str, list[tuple[Any, ...]]]
) -> None:
    statuses = dict(world.published("select source_system, max(status) from quality.fct_source_freshness group by all"))
    assert statuses == {"shop": "fresh", "mail": "stale"}
    assert "of_the_late_source" not in warnings


def test_nobody_is_warned_of_who_cannot_be_lost_or_whose_complaint_is_young(
    warnings: Mapping[str, list[tuple[Any, ...]]],
) -> None:
    assert not {"prospect", "patient", "last"} & warnings.keys()


def test_a_rule_is_judged_by_what_came_of_its_warnings(world: World) -> None:
    """By 1 January, half a year before the end, only one customer was warned of; that one was lost."""
    rows = world.published("""
        select rule, spell_count, judged_count, foretold_count, precision_ratio, loss_count, warned_loss_count,
            recall_ratio, median_lead_days, lift > 1
        from marts.fct_signal_quality where rule in ('frequency_drop', 'open_complaint') order by rule
    """)
    assert rows == [
        ("frequency_drop", 4, 1, 1, 1.0, 1, 1, 1.0, 169, True),
        ("open_complaint", 1, 0, 0, None, 1, 0, 0.0, None, None),
    ]
