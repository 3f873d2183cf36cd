"""The pictures of a fit are SVG whose bars are as high as what they stand for."""

from xml.etree import ElementTree

import pytest

from orchestration.value import pictures

BARS = ".//{http://www.w3.org/2000/svg}rect"


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
