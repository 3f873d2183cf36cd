"""The simulated buyers order on days of their own, and what models of value cost can be measured with them."""

from pathlib import Path

import numpy as np

from benchmarks.value import SPAN, lay, measured, simulated
from orchestration.engine.duckdb import connected, working_file


def test_nobody_orders_twice_on_a_day_or_after_the_end() -> None:
    ordered = simulated(5_000)
    pairs = np.stack([ordered["customer"].to_numpy(), ordered["day"].to_numpy()])
    assert len(np.unique(pairs, axis=1).T) == ordered.num_rows
    assert pairs[1].min() >= 0
    assert pairs[1].max() <= SPAN
    assert ordered.equals(simulated(5_000))


def test_buyers_are_counted_fitted_and_scored(tmp_path: Path) -> None:
    lay(2_000, tmp_path, channels=2)
    cost = measured(tmp_path)
    assert set(cost) == {"cells", "fit", "score", "peak_mb", "one_fit", "parameters"}
    with connected(working_file(tmp_path)) as connection:
        scored = connection.execute("select status, count(*) from marts.fct_customer_value group by status")
        assert scored.fetchall() == [("ok", 2_000)]
