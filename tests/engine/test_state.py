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


@pytest.mark.parametrize(
    ("changes", "known", "looks_back"),
    [
        ({}, FORMER.loads, False),
        ({"as_of": date(2026, 2, 1)}, (*FORMER.loads, "orders/shop/20260201"), False),
        ({"as_of": date(2026, 1, 30)}, FORMER.loads, True),
        ({"loads": FORMER.loads[1:]}, FORMER.loads[1:], True),
        ({"loads": FORMER.loads[1:]}, FORMER.loads, False),
    ],
)
def test_a_replay_is_of_an_earlier_day_or_knows_less(
    changes: dict[str, object], known: tuple[str, ...], looks_back: bool
) -> None:
    present = replace(FORMER, **changes)
    assert is_replay(FORMER, present, sources={"shop"}, known=known) is looks_back


def test_a_source_that_is_configured_no_more_makes_no_replay_but_gives_figures_another_meaning() -> None:
    present = replace(FORMER, loads=())
    assert not is_replay(FORMER, present, sources={"web"}, known=())
    assert is_redefined(FORMER, present)
    assert not is_redefined(FORMER, replace(FORMER, loads=(*FORMER.loads, "orders/shop/20260201")))
