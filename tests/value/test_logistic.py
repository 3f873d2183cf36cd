"""Logistic regression gives published weights, and a number or a reason for every odd table of rows."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import optimize, special

from orchestration.value import logistic
from orchestration.value.cells import CannotFit
from orchestration.value.holdout import discerned
from orchestration.value.logistic import Fit, Observed

# Dalal, Fowlkes and Hoadley 1989, JASA 84(408): temperature (Fahrenheit) at the launch of 23 shuttles, and whether
# an O-ring was damaged.
LAUNCHES = np.array(
    [66, 70, 69, 68, 67, 72, 73, 70, 57, 63, 70, 78, 67, 53, 67, 75, 70, 81, 76, 79, 75, 76, 58], dtype=float
)
DAMAGED = np.isin(np.arange(23), [1, 8, 9, 10, 13, 20, 22]).astype(float)


def fitted(features: NDArray, happened: NDArray, counts: NDArray | None = None) -> Fit:
    features = features.reshape(len(happened), -1)
    names = [f"feature_{number}" for number in range(features.shape[1])]
    return logistic.fit(Observed(names, features, happened, np.ones(len(happened)) if counts is None else counts))


def test_launches_of_the_shuttle_are_as_published(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logistic, "DEVIATION", 1e6)
    found = fitted(LAUNCHES, DAMAGED)
    np.testing.assert_allclose(found.weights, [15.0429, -0.2322], atol=5e-5)
    np.testing.assert_allclose(found.standard_errors, [7.3786, 0.1082], atol=5e-5)
    assert -2 * found.log_likelihood == pytest.approx(20.315, abs=5e-4)
    # Of the launch at 31 degrees damage was foretold at 0.9996.
    assert logistic.probability(found, np.array([[31.0]]))[0] == pytest.approx(0.9996, abs=5e-5)


def test_the_prior_moves_few_rows_by_less_than_their_error() -> None:
    found = fitted(LAUNCHES, DAMAGED)
    assert found.is_identified
    assert found.weights[1] == pytest.approx(-0.2322, abs=0.2 * 0.1082)


def test_a_general_optimiser_finds_the_same_summit() -> None:
    draw = np.random.default_rng(3)
    features = draw.normal([0, 50, -3], [1, 20, 0.1], (400, 3))
    counts = draw.integers(1, 9, 400).astype(float)
    happened = draw.binomial(counts.astype(int), special.expit(0.5 + features[:, 0] - 0.03 * features[:, 1])) * 1.0
    found = fitted(features, happened, counts)
    centre = (counts @ features) / counts.sum()
    scale = np.sqrt(counts @ (features - centre) ** 2 / counts.sum())
    design = np.column_stack([np.ones(400), (features - centre) / scale])

    def below(place: NDArray) -> float:
        odds = design @ place
        prior = (place[1:] ** 2).sum() / (2 * logistic.DEVIATION**2)
        return float(-(happened @ odds + counts @ special.log_expit(-odds)) + prior)

    other = optimize.minimize(below, np.zeros(4), method="BFGS", options={"gtol": 1e-9}).x
    np.testing.assert_allclose(found.weights[1:], other[1:] / scale, rtol=1e-4)
    assert found.weights[0] == pytest.approx(other[0] - centre @ (other[1:] / scale), rel=1e-4)


def test_rows_that_are_equal_are_one_row_with_a_count() -> None:
    once = fitted(LAUNCHES, DAMAGED)
    temperatures, places = np.unique(LAUNCHES, return_inverse=True)
    together = fitted(temperatures, np.bincount(places, weights=DAMAGED), np.bincount(places).astype(float))
    np.testing.assert_allclose(together.weights, once.weights, rtol=1e-8)
    np.testing.assert_allclose(together.standard_errors, once.standard_errors, rtol=1e-8)
    assert (together.log_likelihood, together.customer_count) == (pytest.approx(once.log_likelihood), 23)


@pytest.mark.parametrize("number", [10, 200, 20_000])
def test_a_feature_that_tells_for_certain_has_a_finite_weight_that_the_data_do_not_bound(number: int) -> None:
    feature = np.linspace(-1, 1, number)
    found = fitted(feature, (feature > 0).astype(float))
    assert np.isfinite([*found.weights, *found.standard_errors, found.log_likelihood]).all()
    assert found.weights[1] > 2
    assert not found.is_identified


def test_what_never_varies_and_what_says_the_same_twice_is_not_identified() -> None:
    draw = np.random.default_rng(1)
    feature = draw.normal(size=300)
    happened = (draw.random(300) < special.expit(feature)).astype(float)
    constant = fitted(np.column_stack([feature, np.full(300, 7.0)]), happened)
    assert (constant.weights[2], np.isnan(constant.standard_errors[2]), constant.is_identified) == (0, True, False)
    twice = fitted(np.column_stack([feature, 2 * feature]), happened)
    assert np.isfinite(twice.standard_errors).all()
    assert not twice.is_identified
    alone = fitted(feature, happened)
    assert alone.is_identified
    assert twice.weights[1] + 2 * twice.weights[2] == pytest.approx(alone.weights[1], rel=0.02)


def test_one_row_says_how_often_and_nothing_of_whom() -> None:
    found = fitted(np.array([[7.0]]), np.array([1.0]), np.array([4.0]))
    assert logistic.probability(found, np.array([[1e6]]))[0] == pytest.approx(0.25)


@pytest.mark.parametrize("happened", [0.0, 1.0])
def test_what_befell_all_or_nobody_cannot_be_learnt(happened: float) -> None:
    with pytest.raises(CannotFit, match="befell all or nobody"):
        fitted(LAUNCHES, np.full(23, happened))


def test_a_feature_without_a_number_is_named() -> None:
    features = np.column_stack([LAUNCHES, np.where(LAUNCHES > 80, np.nan, 1.0)])
    with pytest.raises(CannotFit, match="feature_1 must be a number"):
        fitted(features, DAMAGED)


def test_discernment_is_that_of_every_pair_and_row() -> None:
    draw = np.random.default_rng(4)
    told = draw.integers(0, 5, 60) / 4
    counts = draw.integers(1, 4, 60)
    happened = draw.binomial(counts, 0.2 + told / 2)
    one = [(of, x) for of, n, m in zip(told, counts, happened, strict=True) for x in [1] * m + [0] * (n - m)]
    yes, no = [of for of, x in one if x], [of for of, x in one if not x]
    pairs = [1.0 if a > b else 0.5 if a == b else 0.0 for a in yes for b in no]
    found = discerned(told, happened.astype(float), counts.astype(float))
    assert found.auc == pytest.approx(np.mean(pairs))
    assert found.brier == pytest.approx(np.mean([(of - x) ** 2 for of, x in one]))


def test_who_ranks_rightly_at_the_wrong_level_is_not_better() -> None:
    happened, ones = np.array([1.0, 0.0, 0.0]), np.ones(3)
    level = discerned(np.array([0.4, 0.3, 0.3]), happened, ones)
    ranked = discerned(np.array([0.9, 0.8, 0.7]), happened, ones)
    assert (ranked.auc, level.auc) == (1, 1)
    assert ranked.brier > level.brier
    assert not ranked.is_better_than(level)
    nothing = discerned(np.array([0.5]), np.array([1.0]), np.array([1.0]))
    assert np.isnan(nothing.auc)
    assert not nothing.is_better_than(level)
