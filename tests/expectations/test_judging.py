"""A load judged: every row is somewhere with every reason, and both sides of the judgement agree."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from expectations.demands import Demand, Suite
from expectations.runner import DemandNotEvaluated, VerdictsDisagree
from expectations.suites import SUITES

Judge = Callable[..., Any]
Good = Callable[..., dict[str, Any]]


def with_changed(table: str, name: str, change: Callable[[Demand], Demand]) -> Suite:
    """The table's suite with one demand spoilt."""
    of = SUITES[table]
    assert name in {demand.name for demand in of.demands}
    return Suite(of.table, tuple(change(demand) if demand.name == name else demand for demand in of.demands))


def test_a_refused_row_is_kept_with_every_reason(judged: Judge, good: Good) -> None:
    bad = good("orders", order_id="2", status="lost", net_amount=-5, currency="QQQ")
    result = judged("orders", [good("orders") for _ in range(9)] + [bad])
    assert [row["failed_rules"] for row in result.quarantine] == [
        "status_is_known,currency_is_known,net_amount_is_not_negative"
    ]
    assert result.quarantine[0] | {"failed_rules": "", "payload": ""} == {
        "source_system": "shop",
        "table_name": "orders",
        "load_id": "20260201T000000",
        "row_number": 10,
        "row_key": "2",
        "failed_rules": "",
        "payload": "",
        "quarantined_at": "2026-02-01 00:00:00",
    }


def test_a_valid_row_carries_the_feed_columns_and_where_it_comes_from(judged: Judge, good: Good) -> None:
    result = judged("orders", [good("orders")])
    assert list(result.valid[0]) == [
        *SUITES["orders"].table.column_names,
        *("source_system", "load_id", "known_at", "row_number", "row_key", "content_hash"),
        "standardised_columns",
    ]
    assert result.valid[0]["known_at"] == "2026-02-01 00:00:00"


def test_valid_quarantined_and_duplicate_rows_are_the_rows_read(judged: Judge, good: Good) -> None:
    rows = [good("orders", order_id=str(number)) for number in range(8)]
    bad, again = good("orders", order_id="bad", net_amount=-1), good("orders", _is_duplicate=True)
    also_bad = {**bad, "_is_duplicate": True}
    verdict = judged("orders", [*rows, bad, again, also_bad]).verdict
    counts = (verdict.rows_read, verdict.rows_valid, verdict.rows_quarantined, verdict.rows_duplicate)
    assert counts == (11, 8, 1, 2)
    assert {rule.checked_count for rule in verdict.rules} == {9, 1}


def test_of_a_hopeless_load_every_row_is_quarantined_and_none_is_valid(judged: Judge, good: Good) -> None:
    odd = good("orders", order_id="2", updated_at=datetime(2020, 1, 1, tzinfo=UTC))
    rows = [good("orders"), good("orders", _is_duplicate=True), odd, good("orders", net_amount=-1)]
    result = judged("orders", rows)
    assert (result.verdict.outcome, result.verdict.is_accepted, result.valid) == ("hopeless", False, [])
    assert {row["row_number"]: row["failed_rules"] for row in result.quarantine} == {
        1: "load_refused",
        3: "ordered_at_is_not_after_updated_at,load_refused",
        4: "net_amount_is_not_negative",
    }
    assert result.failed["refused_share_is_within_allowance"] == 1


def test_a_released_load_keeps_its_survivors(judged: Judge, good: Good) -> None:
    result = judged("orders", [good("orders"), good("orders", net_amount=-1)], is_released=True)
    assert (result.verdict.outcome, result.verdict.is_accepted) == ("hopeless", True)
    assert (len(result.valid), len(result.quarantine)) == (1, 1)


def test_an_empty_load_is_clean(judged: Judge) -> None:
    result = judged("orders", [])
    assert (result.verdict.outcome, result.verdict.rows_read) == ("clean", 0)
    assert (result.valid, result.quarantine) == ([], [])


def test_a_load_without_its_key_is_misshapen_and_wholly_quarantined(judged: Judge, good: Good) -> None:
    rows = [good("orders", order_id=None), good("orders", order_id=None, _is_duplicate=True)]
    result = judged("orders", rows, missing_key_columns=("order_id",))
    assert (result.verdict.outcome, result.verdict.is_accepted) == ("misshapen", False)
    assert (result.verdict.rows_read, result.verdict.rows_quarantined) == (2, 1)
    assert [row["failed_rules"] for row in result.quarantine] == ["key_columns_are_there"]
    assert "orders arrived without order_id" in result.verdict.reason


def test_a_load_in_which_a_column_cannot_be_read_at_all_is_misshapen(judged: Judge, good: Good) -> None:
    rows = [good("orders", paid_at=None, paid_at__text="soon") for _ in range(2)]
    result = judged("orders", rows)
    assert (result.verdict.outcome, len(result.quarantine)) == ("misshapen", 2)
    assert 'In orders, no row keeps "paid_at can be read as an instant."' in result.verdict.reason


def test_a_payload_shows_what_was_written_and_no_personal_data(judged: Judge, good: Good) -> None:
    row = good("customers", email="li.wei@", phone=None, phone__text="call 13800138000")
    strays = {
        "created_at": None,
        "created_at__text": "2026-13-45",
        "termination_reason": "ask li@example.org or 07911 123456",
    }
    result = judged("customers", [{**row, **strays}])
    payload = json.loads(result.quarantine[0]["payload"])
    assert (payload["created_at"], payload["termination_reason"]) == ("2026-13-45", "ask *** or ***")
    personal = [column.name for column in SUITES["customers"].table.columns if column.is_personal]
    assert {payload[name] for name in personal} == {"***"}
    assert not re.search("li.wei|13800138000|123456|example", json.dumps(result.quarantine))


def test_a_demand_that_cannot_be_evaluated_is_an_error_of_its_own(judged: Judge, good: Good) -> None:
    name = "net_amount_is_not_negative"
    spoilt = with_changed("orders", name, lambda one: replace(one, arguments={"column": "nowhere", "min_value": 0}))
    with pytest.raises(DemandNotEvaluated, match=rf"orders: the demand {name} could not be evaluated.*nowhere"):
        judged("orders", [good("orders")], suite=spoilt)


def test_a_query_that_cannot_be_run_is_an_error_of_its_own(judged: Judge, good: Good) -> None:
    name, query = "net_amount_is_present", "select nowhere from {batch}"
    spoilt = with_changed("orders", name, lambda one: replace(one, arguments={"unexpected_rows_query": query}))
    with pytest.raises(DemandNotEvaluated, match=rf"orders: the demand {name} could not be evaluated"):
        judged("orders", [good("orders")], suite=spoilt)


@pytest.mark.parametrize("breaks", ["false", "net_amount < 1", "net_amount <= 0"])
def test_a_demand_whose_two_sides_differ_stops_the_judgement(breaks: str, judged: Judge, good: Good) -> None:
    name = "net_amount_is_not_negative"
    spoilt = with_changed("orders", name, lambda one: replace(one, breaks=breaks))
    rows = [good("orders", net_amount=amount) for amount in (-1, 0, 3)]
    with pytest.raises(VerdictsDisagree, match=rf"orders: \d rows break {name} in SQL, but 1 in Great"):
        judged("orders", rows, suite=spoilt)


def test_judging_leaves_nothing_behind_in_the_connection(judged: Judge, good: Good, connection) -> None:
    judged("orders", [good("orders")])
    tables = connection.execute("select table_name from duckdb_tables()").fetchall()
    views = connection.execute("select view_name from duckdb_views() where not internal").fetchall()
    assert (tables, views) == ([("conformed",)], [])
    assert connection.execute("select getvariable('latest')").fetchall() == [(None,)]


def test_the_report_needs_no_network_and_shows_no_personal_data(judged: Judge, good: Good) -> None:
    bad = good("customers", customer_id="li.wei@example.org", email="nobody", customer_type="<b>odd</b>")
    report = judged("customers", [good("customers"), bad]).report
    page = (report / "index.html").read_text(encoding="utf-8")
    result = (report / "validation.json").read_text(encoding="utf-8")
    assert not re.search(r"https?:|//|src=|href=|@import|url\(", page)
    assert not re.search("li.wei|nobody|13800138000", page + result)
    assert "email_is_well_formed" in page
    assert "row 2: ***" in page
    assert "Demands 要求" in page
    assert "客户" in page
    assert len(json.loads(result)["results"]) == len(SUITES["customers"].demands)


def test_great_expectations_is_imported_only_by_who_judges() -> None:
    code = "import sys, expectations.runner; print('great_expectations' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert said.strip() == "False"


ANSWERS = some.fixed_dictionaries(
    {
        "response_id": some.sampled_from(["1", "2", None]),
        "survey_id": some.sampled_from(["spring", None]),
        "question_type": some.sampled_from(["nps", "csat", "ces", "text", "stars", None]),
        "customer_id": some.sampled_from(["known", "unknown", None]),
        "score": some.one_of(some.none(), some.integers(-1, 12)),
        "score__text": some.sampled_from([None, None, "ten"]),
        "scale_min": some.sampled_from([None, 0, 1]),
        "scale_max": some.sampled_from([None, 0, 5, 10]),
        "sent_at": some.sampled_from([None, "2026-01-01", "2026-02-02", "2026-02-03"]),
        "responded_at": some.sampled_from([None, "2026-01-01", "2025-12-31", "2026-02-02 00:00:01"]),
        "_is_duplicate": some.sampled_from([False, False, True]),
    }
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=some.lists(ANSWERS, max_size=12))
def test_both_sides_agree_and_no_row_is_lost_whatever_arrives(rows, judged: Judge, connection) -> None:
    connection.execute("create or replace table known_customers as select 'known' as id")
    result = judged("survey_responses", rows)
    verdict = result.verdict
    assert verdict.rows_read == len(rows)
    assert verdict.rows_read == verdict.rows_valid + verdict.rows_quarantined + verdict.rows_duplicate
    assert (len(result.valid), len(result.quarantine)) == (verdict.rows_valid, verdict.rows_quarantined)
    numbers = [row["row_number"] for row in (*result.valid, *result.quarantine)]
    assert sorted(numbers) == [n for n, row in enumerate(rows, start=1) if not row["_is_duplicate"]]
