"""A model is beaten by repetition in most of three measures, and not by the mean absolute error alone."""

from dataclasses import replace

import numpy as np
import pytest

from orchestration.value.holdout import Errors, Foretold, Verdict, judged

BEATEN = {"mean_absolute": 1.1, "root_mean_square": 2.1, "top_decile_share": 0.3}
MODEL = Errors(mean_absolute=1.0, root_mean_square=2.0, bias_ratio=0.0, deviance=1.0, top_decile_share=0.4)


@pytest.mark.parametrize(
    "worse", [(), *((name,) for name in BEATEN), *(tuple(BEATEN.keys() - {name}) for name in BEATEN)]
)
def test_a_model_is_beaten_that_loses_two_of_three_measures(worse: tuple[str, ...]) -> None:
    lost = {name: value for name, value in BEATEN.items() if name in worse}
    repetition = replace(MODEL, mean_absolute=1.05, root_mean_square=2.05, top_decile_share=0.35)
    assert Verdict(replace(MODEL, **lost), repetition).is_beaten is (len(worse) == 2)


def test_who_only_repeats_is_no_better_than_repetition() -> None:
    assert Verdict(MODEL, MODEL).is_beaten


def test_what_is_no_number_is_beaten() -> None:
    assert Verdict(replace(MODEL, mean_absolute=np.nan), MODEL).is_beaten


def test_equal_customers_share_a_place_in_the_top_tenth_however_they_are_grouped() -> None:
    ones = np.ones(40)
    actual = np.repeat([1.0, 3.0], [30, 10])
    single = Foretold(ones, ones, ones, ones, actual, ones)
    pair = np.ones(2)
    grouped = Foretold(pair, pair, pair, pair, np.array([1.0, 3.0]), np.array([30.0, 10.0]))
    assert judged(single).model == judged(grouped).model
    assert judged(grouped).model.top_decile_share == pytest.approx(0.1)
    ranked = replace(grouped, expected=np.array([1.0, 2.0]))
    assert judged(ranked).model.top_decile_share == pytest.approx(4 * 3 / 60)
