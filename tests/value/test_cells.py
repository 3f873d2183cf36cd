"""Cells of simulated buyers give back the truth, and what makes a fit of many fast changes no sum and no fit."""

import numpy as np
import pytest

from benchmarks.value import SPAN, TRUTH, simulated
from orchestration.value import buying
from orchestration.value.cells import FEW_CELLS, Cells, cells_of, coarse, distinct, dot
from orchestration.value.maximum import maximise


@pytest.fixture(scope="module")
def cells() -> Cells:
    ordered = simulated(60_000)
    customers, days = ordered["customer"].to_numpy(), ordered["day"].to_numpy()
    count = np.bincount(customers)
    first, last = np.full(len(count), SPAN), np.zeros(len(count))
    np.minimum.at(first, customers, days)
    np.maximum.at(last, customers, days)
    return cells_of(count - 1, last - first, SPAN - first)


def test_the_fit_finds_the_truth_but_for_the_rounding_to_days(cells: Cells) -> None:
    np.testing.assert_allclose(buying.fit(cells).parameters, list(TRUTH.values()), rtol=0.15)


@pytest.mark.parametrize(
    "values", [[3, 0, 7, 3, 3, 0], [0.5, 2.0, 0.5], [1e12, 3.0, 1e12], [-1.0, 2.0, -1.0], [5.0], []]
)
def test_distinct_values_are_those_of_sorting(values: list[float]) -> None:
    found, places = distinct(np.array(values, dtype=float))
    expected, expected_places = np.unique(np.array(values, dtype=float), return_inverse=True)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(places, expected_places)


def test_fewer_cells_hold_the_same_buyers_repeats_and_time(cells: Cells) -> None:
    few = coarse(cells, 1_000)
    assert 0 < len(few.age) <= 1_000 < len(cells.age)
    assert few.total == cells.total
    for name in ("frequency", "recency", "age"):
        sums = [dot(getattr(of, name), of.customer_count) for of in (few, cells)]
        assert sums[0] == pytest.approx(sums[1], rel=1e-12)
    assert coarse(cells, len(cells.age)) is cells


@pytest.mark.parametrize("family", ["mbg_nbd", "bg_nbd"])
def test_a_fit_of_many_cells_is_that_from_the_usual_start(cells: Cells, family: buying.Family) -> None:
    assert len(cells.age) > FEW_CELLS
    usual = maximise(buying.likelihood_of(cells, family), buying.start_of(cells), total=cells.total)
    fit = buying.fit(cells, family)
    np.testing.assert_allclose(fit.parameters, usual.parameters, rtol=1e-7)
    assert fit.maximum.is_converged


@pytest.mark.parametrize("family", ["mbg_nbd", "bg_nbd"])
def test_what_buyers_add_to_the_gradient_adds_up_to_it(cells: Cells, family: buying.Family) -> None:
    fit = buying.fit(cells, family)
    counts = np.random.default_rng(1).poisson(cells.customer_count).astype(float)
    drawn = Cells(cells.frequency, cells.recency, cells.age, counts)
    found = np.einsum("i,ij->j", counts, buying.scores(fit, cells))
    np.testing.assert_allclose(found, buying.likelihood_of(drawn, family)(fit.parameters).gradient, rtol=1e-8)
    assert np.abs(found).min() > 0.01
