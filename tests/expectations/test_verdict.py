"""The failure policy: what becomes of a load, by what arrived."""

import json
from typing import Any

import pytest

from expectations.verdict import RuleResult, Verdict, decide

RULE = RuleResult("net_amount_is_not_negative", "net_amount is not negative.", "critical", 10, 1)


def decided(read: int, refused: int, **options: Any) -> Verdict:
    given = {"rows_duplicate": 0, "row_rules": [RULE], "table_rules": [], "load_id": "L1", **options}
    return decide(rows_read=read, rows_refused=refused, **given)


@pytest.mark.parametrize(
    ("read", "duplicate", "refused", "outcome", "valid", "quarantined"),
    [
        (0, 0, 0, "clean", 0, 0),
        (10, 0, 0, "clean", 10, 0),
        (10, 2, 1, "partial", 7, 1),
        (10, 0, 2, "partial", 8, 2),
        (11, 1, 2, "partial", 8, 2),
        (12, 3, 2, "hopeless", 0, 9),
        (10, 0, 3, "hopeless", 0, 10),
        (1, 0, 1, "hopeless", 0, 1),
        (5, 4, 1, "hopeless", 0, 1),
    ],
)
def test_a_load_is_partial_up_to_its_allowance_and_hopeless_beyond(
    read: int, duplicate: int, refused: int, outcome: str, valid: int, quarantined: int
) -> None:
    verdict = decided(read, refused, rows_duplicate=duplicate)
    assert (verdict.outcome, verdict.rows_valid, verdict.rows_quarantined) == (outcome, valid, quarantined)
    assert verdict.is_accepted == (outcome in ("clean", "partial"))


def test_a_load_of_which_no_row_survives_is_hopeless_whatever_the_allowance() -> None:
    assert decided(10, 10, allowance=1.0).outcome == "hopeless"
    assert decided(10, 9, allowance=1.0).outcome == "partial"


def test_a_released_load_is_accepted_whatever_it_loses() -> None:
    verdict = decided(10, 7, is_released=True)
    assert verdict.is_accepted
    assert (verdict.outcome, verdict.rows_valid, verdict.rows_quarantined) == ("hopeless", 3, 7)


def test_a_misshapen_load_is_refused_with_its_reason_and_its_remedy() -> None:
    verdict = decided(10, 10, misshapen="orders arrived without order_id")
    assert (verdict.outcome, verdict.is_accepted) == ("misshapen", False)
    assert verdict.reason == (
        "orders arrived without order_id. Correct the source and load again, or accept it with --accept-load L1."
    )


def test_a_reason_names_the_culprit_and_the_remedy() -> None:
    assert decided(10, 3).reason == (
        '3 of 10 rows (30.0%) are refused: 1 break "net_amount is not negative.", '
        "and no more than 20% may be. "
        "Correct the source and load again, or accept it with --accept-load L1."
    )


def test_failed_rows_fail_a_critical_demand_and_warn_of_another() -> None:
    assert RULE.status == "failed"
    assert RuleResult("odd", "It is odd.", "warning", 10, 1).status == "warned"
    assert RuleResult("fine", "It is fine.", "critical", 10, 0).status == "passed"


def test_a_verdict_survives_being_written_as_json() -> None:
    verdict = decided(10, 1)
    written = json.loads(json.dumps(verdict.to_dict()))
    assert (written["is_accepted"], written["rules"][0]["status"]) == (True, "failed")
    assert Verdict.from_dict(written) == verdict
