"""The pictures of a fit are SVG whose bars and lines are as high as what they stand for."""

from xml.etree import ElementTree

import pytest

from orchestration.value import pictures

SVG = "{http://www.w3.org/2000/svg}"
BARS, LINES = f".//{SVG}rect", f".//{SVG}polyline"


def a_bin(number: int, **figures: float) -> dict:
    return {"observed_on": "2026-01-31", "bin_type": "decile", "bin_number": number, "customer_count": 10, **figures}


def heights(svg: str) -> list[float]:
    return [float(bar.attrib["height"]) for bar in ElementTree.fromstring(svg).findall(BARS)]


def test_bars_stand_beside_each_other_in_the_ratio_of_foretold_and_came() -> None:
    bins = [a_bin(1, probability=0.1, ordered_ratio=0.2), a_bin(2, probability=0.8, ordered_ratio=0.4)]
    low, low_came, high, high_came = heights(pictures.calibrated(bins))
    assert (low_came / low, high / low, high_came / low) == (2, 8, 4)


def test_only_the_last_cut_off_is_drawn() -> None:
    before = {**a_bin(1, probability=0.9, ordered_ratio=0.9), "observed_on": "2025-01-31"}
    assert len(heights(pictures.calibrated([before, a_bin(1, probability=0.1, ordered_ratio=0.2)]))) == 2


def test_orders_are_drawn_per_buyer() -> None:
    bins = [{**a_bin(number, expected=number, actual=2 * number), "bin_type": "frequency"} for number in (1, 7)]
    drawn = heights(pictures.distributed(bins))
    assert drawn[1] / drawn[0] == pytest.approx(2, rel=0.01)
    assert "7+" in pictures.distributed(bins)


def test_without_a_trial_the_picture_is_empty() -> None:
    assert heights(pictures.calibrated([])) == []


def points(svg: str) -> list[list[tuple[float, float]]]:
    """Each line's places, counted to the right from the left margin and up from the base."""
    lines = ElementTree.fromstring(svg).findall(LINES)
    pairs = [[tuple(map(float, of.split(","))) for of in line.attrib["points"].split()] for line in lines]
    base, left = pictures.HEIGHT - pictures.MARGIN, pictures.MARGIN
    return [[(x - left, base - y) for x, y in line] for line in pairs]


WEEKS = [
    {"ended_on": "2026-01-03", "is_after": False, "expected": 10.0, "actual": 20.0},
    {"ended_on": "2026-01-10", "is_after": True, "expected": 30.0, "actual": 0.0},
]


def test_totals_so_far_rise_and_weeks_stand_alone() -> None:
    (foretold, came) = points(pictures.tracked(WEEKS))
    assert [y / foretold[0][1] for _, y in foretold] == pytest.approx([1, 4], rel=0.01)
    assert [y / foretold[0][1] for _, y in came] == pytest.approx([2, 2], rel=0.01)
    assert foretold[1][1] == pictures.HEIGHT - 2 * pictures.MARGIN
    (foretold, came) = points(pictures.tracked_weekly(WEEKS))
    assert [y / foretold[0][1] for _, y in foretold] == pytest.approx([1, 3], rel=0.01)
    assert [y / foretold[0][1] for _, y in came] == pytest.approx([2, 0], abs=0.01)


def test_a_mark_stands_where_the_last_week_that_was_learnt_from_ends() -> None:
    drawn = ElementTree.fromstring(pictures.tracked(WEEKS))
    (mark,) = [of for of in drawn.iter(f"{SVG}line") if "stroke-dasharray" in of.attrib]
    assert float(mark.attrib["x1"]) - pictures.MARGIN == points(pictures.tracked(WEEKS))[0][0][0]
    assert "fitted to 2026-01-03" in [of.text for of in drawn.iter(f"{SVG}text")]


def test_without_a_week_there_is_no_line() -> None:
    assert points(pictures.tracked([])) == [[], []]
    assert points(pictures.tracked_weekly([{**WEEKS[0], "expected": 0.0, "actual": 0.0}]))[0][0][1] == 0
