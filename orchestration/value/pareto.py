"""Pareto/NBD, the reference that the default is held against: dropout at any time, at a Gamma rate.

Schmittlein, Morrison and Colombo 1987, Management Science 33(1). The integral over the time of dropping out is
taken by Gauss-Legendre quadrature instead of hypergeometric functions; no run fits it.
"""

import numpy as np
import numpy.typing as npt
from scipy import special

from orchestration.value.cells import Cells, Numbers
from orchestration.value.maximum import Likelihood, Maximum, Slope, maximise

NAMES = ("r", "alpha", "s", "beta")
NODES, NODE_WEIGHTS = np.polynomial.legendre.leggauss(24)


def _log_parts(parameters: Numbers, frequency: Numbers, recency: Numbers, age: Numbers) -> tuple[Numbers, Numbers]:
    """Logarithms of the densities of being alive still and of having left at each of the nodes (cells by 1 and 25)."""
    r, alpha, s, beta = parameters
    half = (age - recency)[:, None] / 2
    times = np.concatenate([age[:, None], recency[:, None] + half * (1 + NODES)], axis=1)
    exponent, alive = r + frequency[:, None], np.arange(len(NODES) + 1) == 0
    logs = -exponent * np.log(alpha + times) - np.where(alive, s, s + 1) * np.log(beta + times)
    with np.errstate(divide="ignore"):
        widths = np.log(s) + np.log(half * NODE_WEIGHTS)
    logs[:, 1:] += widths
    return logs, times


def likelihood_of(cells: Cells) -> Likelihood:
    """The log-likelihood of r, alpha, s and beta with its gradient."""

    def slope(parameters: Numbers) -> Slope:
        r, alpha, s, beta = parameters
        x, counts = cells.frequency, cells.customer_count
        logs, times = _log_parts(parameters, x, cells.recency, cells.age)
        sums = special.logsumexp(logs, axis=1)
        shares = np.exp(logs - sums[:, None])
        left = 1 - shares[:, 0]
        per_cell = special.gammaln(r + x) - special.gammaln(r) + r * np.log(alpha) + s * np.log(beta) + sums
        by_alpha, by_beta = (shares / (alpha + times)).sum(axis=1), shares / (beta + times)
        gradient = np.array(
            [
                counts
                @ (special.psi(r + x) - special.psi(r) + np.log(alpha) - (shares * np.log(alpha + times)).sum(axis=1)),
                counts @ (r / alpha - (r + x) * by_alpha),
                counts @ (np.log(beta) + left / s - (shares * np.log(beta + times)).sum(axis=1)),
                counts @ (s / beta - s * by_beta.sum(axis=1) - by_beta[:, 1:].sum(axis=1)),
            ]
        )
        return Slope(float(counts @ per_cell), gradient)

    return slope


def fit(cells: Cells) -> Maximum:
    """The most likely r, alpha, s and beta (alpha and beta in the unit of the cells' times)."""
    cells.demand_repeats()
    repeats = float(cells.frequency @ cells.customer_count)
    time = float(cells.age @ cells.customer_count)
    start = np.array([0.5, 0.5 * time / repeats, 0.5, time / cells.total])
    return maximise(likelihood_of(cells), start, total=cells.total)


def probability_alive(
    parameters: Numbers, frequency: npt.ArrayLike, recency: npt.ArrayLike, age: npt.ArrayLike
) -> Numbers:
    """The probability, 0 to 1, that a buyer of this history has not dropped out."""
    x, t_x, t = (np.atleast_1d(np.asarray(of, dtype=np.float64)) for of in (frequency, recency, age))
    logs, _ = _log_parts(parameters, x, t_x, t)
    return np.asarray(np.exp(logs[:, 0] - special.logsumexp(logs, axis=1)))


def expected_orders(
    parameters: Numbers,
    frequency: npt.ArrayLike,
    recency: npt.ArrayLike,
    age: npt.ArrayLike,
    horizon: npt.ArrayLike,
) -> Numbers:
    """Order days expected within the horizon after the day of observation."""
    r, alpha, s, beta = parameters
    x, t, h = (np.asarray(of, dtype=np.float64) for of in (frequency, age, horizon))
    lasting = -np.expm1((s - 1) * -np.log1p(h / (beta + t))) / (s - 1)
    alive = probability_alive(parameters, frequency, recency, age)
    return np.asarray(alive * (r + x) * (beta + t) / (alpha + t) * lasting)
