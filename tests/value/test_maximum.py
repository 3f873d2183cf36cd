"""Climbing to the most likely parameters."""

import numpy as np
import pytest

from orchestration.value.maximum import Slope, maximise

CUSTOMERS, SUMMIT = 1_000_000.0, np.array([0.5, 60.0])


@pytest.mark.parametrize("away", [1.0, 1e-7])
def test_near_the_summit_the_gradient_decides_where_heights_are_rounded(away: float) -> None:
    looked = []

    def likelihood(parameters: np.ndarray) -> Slope:
        looked.append(parameters)
        off = np.log(parameters / SUMMIT)
        gradient = -CUSTOMERS * np.sinh(off) / parameters
        hessian = np.diag(-CUSTOMERS * (np.cosh(off) - np.sinh(off)) / parameters**2)
        return Slope(-CUSTOMERS * (8 + np.cosh(off).sum()), gradient, hessian)

    found = maximise(likelihood, SUMMIT * np.exp(away), total=CUSTOMERS)
    assert found.is_converged
    assert found.parameters == pytest.approx(SUMMIT, rel=1e-10)
    assert found.standard_errors == pytest.approx(SUMMIT / 1000)
    # One look per step of Newton's, and one at the end.
    assert len(looked) <= 6
