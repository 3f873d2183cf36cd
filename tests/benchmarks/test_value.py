"""The simulated buyers order on days of their own, as the truth says, the same for the same seed."""

import numpy as np

from benchmarks.value import SPAN, TRUTH, simulated
from orchestration.value import buying
from orchestration.value.cells import cells_of


def test_nobody_orders_twice_on_a_day_or_after_the_end() -> None:
    ordered = simulated(5_000)
    pairs = np.stack([ordered["customer"].to_numpy(), ordered["day"].to_numpy()])
    assert len(np.unique(pairs, axis=1).T) == ordered.num_rows
    assert pairs[1].min() >= 0
    assert pairs[1].max() <= SPAN
    assert ordered.equals(simulated(5_000))


def test_the_fit_finds_the_truth_but_for_the_rounding_to_days() -> None:
    ordered = simulated(60_000)
    customers, days = ordered["customer"].to_numpy(), ordered["day"].to_numpy()
    count = np.bincount(customers)
    first, last = np.full(len(count), SPAN), np.zeros(len(count))
    np.minimum.at(first, customers, days)
    np.maximum.at(last, customers, days)
    fitted = buying.fit(cells_of(count - 1, last - first, SPAN - first)).parameters
    np.testing.assert_allclose(fitted, list(TRUTH.values()), rtol=0.15)
