"""What the models foretell of 39 weeks of CDNOW agrees with what came as well as the papers say."""

import numpy as np
import pytest
from cdnow import END, FIRST_DAY, Sample, calibration, holdout_orders

from orchestration.value import buying, pareto, spending

WEEKS = 39


@pytest.fixture(scope="module")
def foretold(sample: Sample) -> dict[str, np.ndarray]:
    known = calibration(sample)
    history = known.frequency, known.recency(), known.age()
    found = {
        family: buying.expected_orders(buying.fit(known.cells(), family).parameters, *history, WEEKS, family=family)
        for family in ("mbg_nbd", "bg_nbd")
    }
    return {**found, "pareto_nbd": pareto.expected_orders(pareto.fit(known.cells()).parameters, *history, WEEKS)}


@pytest.mark.parametrize(
    ("family", "correlation", "mean_error", "root_mean_square", "bias"),
    [
        ("mbg_nbd", 0.627, 0.7648, 1.607, -0.162),
        ("bg_nbd", 0.6256, 0.7855, 1.608, -0.121),
        ("pareto_nbd", 0.6302, 0.7545, 1.603, -0.115),
    ],
)
def test_each_family_errs_as_much_as_was_measured(
    sample: Sample,
    foretold: dict[str, np.ndarray],
    family: str,
    correlation: float,
    mean_error: float,
    root_mean_square: float,
    bias: float,
) -> None:
    actual, expected = holdout_orders(sample), foretold[family]
    assert np.corrcoef(actual, expected)[0, 1] == pytest.approx(correlation, abs=5e-4)
    assert np.abs(actual - expected).mean() == pytest.approx(mean_error, abs=5e-4)
    assert np.sqrt(((actual - expected) ** 2).mean()) == pytest.approx(root_mean_square, abs=1e-3)
    assert expected.sum() / actual.sum() - 1 == pytest.approx(bias, abs=1e-3)


def test_the_families_agree_with_each_other(foretold: dict[str, np.ndarray]) -> None:
    assert np.corrcoef(foretold["bg_nbd"], foretold["pareto_nbd"])[0, 1] == pytest.approx(0.9955, abs=5e-4)


def test_who_never_came_back_is_foretold_too_little_as_in_the_paper(
    sample: Sample, foretold: dict[str, np.ndarray]
) -> None:
    once = calibration(sample).frequency == 0
    assert holdout_orders(sample)[once].mean() == pytest.approx(0.237, abs=5e-4)
    assert foretold["bg_nbd"][once].mean() == pytest.approx(0.225, abs=5e-4)
    assert foretold["pareto_nbd"][once].mean() == pytest.approx(0.138, abs=5e-4)


def test_every_model_beats_the_repetition_of_the_last_period(sample: Sample, foretold: dict[str, np.ndarray]) -> None:
    known, actual = calibration(sample), holdout_orders(sample)
    repeated = known.frequency
    # All of the calibration period is the last 39 weeks, in which the first order is no repetition.
    assert np.abs(actual - repeated).mean() == pytest.approx(0.897, abs=5e-4)
    for expected in foretold.values():
        assert np.abs(actual - expected).mean() < np.abs(actual - repeated).mean()
        assert ((actual - expected) ** 2).mean() < ((actual - repeated) ** 2).mean()


@pytest.mark.parametrize(("family", "chi_squared"), [("bg_nbd", 4.821), ("mbg_nbd", 2.955)])
def test_repeat_orders_are_distributed_as_the_model_says(sample: Sample, family: str, chi_squared: float) -> None:
    known = calibration(sample)
    parameters = buying.fit(known.cells(), family).parameters
    expected = [buying.probability_of_count(parameters, x, known.age(), family=family).sum() for x in range(7)]
    counted = [(known.frequency == x).sum() for x in range(7)]
    expected.append(len(known.firsts) - sum(expected))
    counted.append(len(known.firsts) - sum(counted))
    squares = [(of - told) ** 2 / told for of, told in zip(counted, expected, strict=True)]
    assert sum(squares) == pytest.approx(chi_squared, abs=2e-3)


@pytest.mark.parametrize(("family", "error"), [("bg_nbd", -0.0411), ("mbg_nbd", -0.0666)])
def test_repeat_orders_accumulate_up_to_week_78_as_in_the_paper(sample: Sample, family: str, error: float) -> None:
    known = calibration(sample)
    parameters = buying.fit(known.cells(), family).parameters
    until = (END + 1 + WEEKS * 7 - 1 - known.first_day) / 7
    expected = buying.expected_if_alive(parameters, 0, 0, until, family=family)
    if family == "mbg_nbd":
        expected = expected * buying.probability_alive(parameters, 0, 0, 0, family=family)
    actual = known.frequency.sum() + holdout_orders(sample).sum()
    assert expected.sum() / actual - 1 == pytest.approx(error, abs=1e-3)


def test_values_per_order_are_independent_of_how_often_somebody_buys(sample: Sample) -> None:
    known = calibration(sample)
    kept = known.mean_repeat_value > 0
    assert np.corrcoef(known.frequency[kept], known.mean_repeat_value[kept])[0, 1] == pytest.approx(0.114, abs=1e-3)
    fit = spending.fit(known.spenders)
    assert float(spending.expected_value(fit.parameters, 0, 0)) == pytest.approx(35.17, abs=0.1)
    assert np.datetime64("1997-09-30") == FIRST_DAY + END
