"""The simulated buyers order on days of their own, as the truth says, and what models of value cost can be measured."""

from pathlib import Path

import numpy as np

from benchmarks.value import SPAN, TRUTH, lay, measured, simulated
from orchestration.engine.duckdb import connected, working_file
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


def test_buyers_are_counted_fitted_and_scored(tmp_path: Path) -> None:
    lay(2_000, tmp_path, channels=2)
    cost = measured(tmp_path)
    assert set(cost) == {"cells", "fit", "score", "peak_mb", "one_fit", "parameters"}
    with connected(working_file(tmp_path)) as connection:
        scored = connection.execute("select status, count(*) from marts.fct_customer_value group by status")
        assert scored.fetchall() == [("ok", 2_000)]
