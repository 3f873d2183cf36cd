"""A build is repaired only where that gives what a full build gives; else the reason to rebuild is said."""

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from orchestration.engine.state import (
    Built,
    forget_built,
    is_redefined,
    is_replay,
    last_built,
    remember_built,
    why_rebuild,
)

FORMER = Built(
    run_id="r1",
    state="s1",
    as_of=date(2026, 1, 31),
    definition={"models": "m1", "lapse_days": "180", "reporting_timezone": "Asia/Shanghai"},
    loads=("orders/shop/20260101", "orders/shop/20260102", "refunds/shop/20260103"),
)


def test_a_later_day_and_newer_loads_are_repaired() -> None:
    later = replace(
        FORMER, as_of=date(2026, 2, 1), loads=(*FORMER.loads, "orders/shop/20260104", "orders/web/20260101")
    )
    assert why_rebuild(FORMER, later) is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"definition": {**FORMER.definition, "lapse_days": "120"}}, r"lapse_days \(180 before, 120 now\)"),
        ({"definition": {**FORMER.definition, "models": "m2"}}, "the models$"),
        ({"as_of": date(2026, 1, 30)}, "went back from 2026-01-31 to 2026-01-30"),
        ({"loads": FORMER.loads[1:]}, "1 loads .* orders/shop/20260101"),
        ({"loads": (*FORMER.loads, "orders/shop/20260101b")}, "orders/shop/20260101b was accepted after a newer one"),
    ],
)
def test_what_cannot_be_repaired_is_rebuilt_with_a_reason(changes: dict[str, object], reason: str) -> None:
    found = why_rebuild(FORMER, replace(FORMER, **changes))
    assert found is not None
    assert re.search(reason, found)


def test_a_build_of_some_models_is_never_repaired() -> None:
    assert why_rebuild(replace(FORMER, definition={}), FORMER) == "the last build held a part of the models only"


def test_a_build_that_was_begun_and_not_ended_is_not_remembered(tmp_path: Path) -> None:
    remember_built(tmp_path, FORMER)
    assert last_built(tmp_path) == FORMER
    forget_built(tmp_path)
    assert last_built(tmp_path) is None


LATER = date(2026, 2, 1)
EARLIER = date(2026, 1, 30)


@pytest.mark.parametrize(
    ("as_of", "is_day_asked", "unknown", "looks_back"),
    [
        (FORMER.as_of, True, (), False),
        (LATER, True, (), False),
        (EARLIER, True, (), True),
        (EARLIER, False, (), False),
        (FORMER.as_of, False, FORMER.loads[1:], True),
        (FORMER.as_of, False, ("orders/shop/20260201",), False),
    ],
)
def test_a_replay_is_of_an_earlier_day_that_was_asked_for_or_knows_less(
    as_of: date, is_day_asked: bool, unknown: tuple[str, ...], looks_back: bool
) -> None:
    present = replace(FORMER, as_of=as_of)
    assert is_replay(FORMER, present, is_day_asked=is_day_asked, unknown=unknown) is looks_back


def test_rows_that_are_used_no_more_give_figures_another_meaning() -> None:
    assert is_redefined(FORMER, replace(FORMER, loads=()))
    assert not is_redefined(FORMER, replace(FORMER, loads=(*FORMER.loads, "orders/shop/20260201")))
