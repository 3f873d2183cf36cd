"""Every demand is kept by a good row and broken by a bad one, in SQL and in Great Expectations alike."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import pytest

from expectations.demands import Demand, not_negative, suite
from expectations.suites import SUITES
from orchestration.feed import TABLES

# Judge rows of a table; make a good row of one.
Judge = Callable[..., Any]
Good = Callable[..., dict[str, Any]]

AFTER_THE_LOAD = datetime.fromisoformat("2026-02-03")
BEFORE_EVERYTHING = datetime.fromisoformat("1850-01-01")


def bad_values(demand: Demand, good: Mapping[str, Any]) -> dict[str, Any]:
    """What to change in a good row so that it breaks the demand."""
    if demand.name == "score_is_on_its_scale":
        return {"score": 11, "scale_max": None}
    if found := re.fullmatch(r"(\w+)_differs_from_(\w+)", demand.name):
        return {found[1]: good[found[2]]}
    if found := re.fullmatch(r"(\w+)_is_not_after_(\w+)", demand.name):
        is_date = isinstance(good[found[2]], datetime)
        return {found[2]: BEFORE_EVERYTHING if is_date else -1}
    column, claim = re.fullmatch(r"(\w+?)_is_(\w+)", demand.name).groups()
    return {
        "present": {column: None},
        "readable": {column: None, f"{column}__text": "n/a"},
        "known": {column: "unheard of"},
        "plausible": {column: 2_000_000_000},
        "well_formed": {column: "nobody"},
        "not_negative": {column: -1},
        "positive": {column: 0},
        "not_zero": {column: 0},
        "not_in_the_future": {column: AFTER_THE_LOAD},
        "not_before_1900_01_01": {column: BEFORE_EVERYTHING},
        "resolvable": {column: "nobody knows"},
    }[claim]


@pytest.mark.parametrize("name", TABLES)
def test_every_demand_is_kept_by_a_good_row_and_broken_by_a_bad_one(
    name: str, judged: Judge, good: Good, connection
) -> None:
    row, demands = good(name), SUITES[name].of_rows
    known = {(column.references, row[column.name]) for column in TABLES[name].columns if column.references}
    for table in {table for table, _ in known}:
        ids = ", ".join(f"('{of}')" for reference, of in known if reference == table)
        connection.execute(f"create table known_{table} as from (values {ids}) as known (id)")
    rows = [row, *({**row, **bad_values(demand, row)} for demand in demands)]
    assert not any(judged(name, rows[:1]).failed.values())
    result = judged(name, rows, allowance=1)
    reasons = {one["row_number"]: one["failed_rules"].split(",") for one in result.quarantine}
    for number, demand in enumerate(demands, start=2):
        assert result.failed[demand.name] >= 1
        assert demand.severity == "warning" or demand.name in reasons[number]


@pytest.mark.parametrize(
    ("question", "score", "least", "most", "is_good"),
    [
        ("nps", 0, None, None, True),
        ("nps", 10, None, None, True),
        ("nps", 11, None, None, False),
        ("nps", -1, None, None, False),
        ("nps", 11, 0, 100, False),
        ("nps", 0, 1, 10, False),
        ("csat", 1, None, None, True),
        ("csat", 5, None, None, True),
        ("csat", 6, None, None, False),
        ("csat", 6, 1, 10, True),
        ("csat", 0, 0, 10, True),
        ("ces", 7, None, None, True),
        ("ces", 8, None, None, False),
        ("ces", 5, 1, 4, False),
        ("text", 99, None, None, True),
        ("nps", None, None, None, True),
    ],
)
def test_a_score_lies_on_its_scale(question, score, least, most, is_good, judged: Judge, good: Good) -> None:
    row = good("survey_responses", question_type=question, score=score, scale_min=least, scale_max=most)
    result = judged("survey_responses", [row])
    assert result.failed.get("score_is_on_its_scale", 0) == int(not is_good)


@pytest.mark.parametrize(
    ("address", "is_good"),
    [
        ("a@b.cn", True),
        ("li.wei+shop@mail.example.co.uk", True),
        ("李伟@例子.公司", True),
        ("a@b", False),
        ("a b@c.cn", False),
        ("a@@b.cn", False),
        ("a@b..cn", False),
        ("@b.cn", False),
    ],
)
def test_an_address_has_the_shape_of_one(address: str, is_good: bool, judged: Judge, good: Good) -> None:
    result = judged("customers", [good("customers", email=address)])
    assert result.failed.get("email_is_well_formed", 0) == int(not is_good)


def test_what_happened_may_be_a_day_ahead_of_the_load_for_the_sake_of_time_zones(judged: Judge, good: Good) -> None:
    row = good("refunds", refunded_at=datetime.fromisoformat("2026-02-02"))
    assert judged("refunds", [row]).failed == {}
    late = {**row, "refunded_at": datetime.fromisoformat("2026-02-02 00:00:01")}
    assert "refunded_at_is_not_in_the_future" in judged("refunds", [late]).failed


def test_contracts_may_end_and_points_expire_in_the_future(judged: Judge, good: Good) -> None:
    later = datetime.fromisoformat("2030-01-01")
    contract = good("subscriptions", ends_at=later, cancelled_at=later)
    points = good("loyalty_movements", expires_on=later, reverses_movement_id=None)
    order = good("orders", due_on=later)
    assert judged("subscriptions", [contract]).failed == {}
    assert judged("loyalty_movements", [points]).failed == {}
    assert judged("orders", [order]).failed == {}


def test_a_free_order_is_as_good_as_any(judged: Judge, good: Good) -> None:
    row = good("orders", net_amount=0, gross_amount=0)
    assert judged("orders", [row]).failed == {}


def test_a_value_that_cannot_be_read_is_not_called_missing(judged: Judge, good: Good) -> None:
    row = good("orders", ordered_at=None, ordered_at__text="yesterday")
    assert set(judged("orders", [row]).failed) == {
        "ordered_at_is_readable",
        "refused_share_is_within_allowance",
    }


def test_an_unknown_reference_only_warns(judged: Judge, good: Good, connection) -> None:
    connection.execute("create table known_customers as select 'customer_id-1' as id")
    stranger = good("orders", order_id="2", customer_id="stranger")
    result = judged("orders", [good("orders"), stranger])
    assert result.failed == {"customer_id_is_resolvable": 1}
    assert (result.verdict.outcome, len(result.valid)) == ("clean", 2)


def test_a_row_may_refer_to_another_of_its_own_load(judged: Judge, good: Good, connection) -> None:
    connection.execute("create table known_customers as select 'somebody' as id")
    nobody = dict.fromkeys(("merged_into_id", "referred_by_customer_id", "company_customer_id"))
    company = good("customers", **nobody, customer_id="company")
    person = {**company, "customer_id": "person", "company_customer_id": "company"}
    assert judged("customers", [company, person]).failed == {}


def test_nothing_is_demanded_twice_of_a_table() -> None:
    with pytest.raises(ValueError, match="demands net_amount_is_not_negative twice: take one of them out"):
        suite("orders", not_negative("net_amount"), not_negative("net_amount"))


def test_a_demand_says_in_one_sentence_what_it_demands() -> None:
    for one in SUITES.values():
        for demand in one.demands:
            assert re.fullmatch(r"[^\n]+\.", demand.description), demand.name
            assert re.fullmatch(r"[a-z0-9_]+", demand.name), demand.name
