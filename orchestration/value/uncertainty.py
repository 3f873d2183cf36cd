"""How far expectations move with the parameters, when other buyers like these had come."""

import numpy as np

from orchestration.value import buying, spending
from orchestration.value.cells import Cells, coarser, dot

REPLICATES = 100
SEED = 20050401
# Cells of a week, or of a month, tell a deviation nearly as well as those of a day, and are far fewer.
STEP, MANY_CELLS = 7.0, 10_000
NORMAL_95 = 1.959964


def of_total_orders(fit: buying.Fit, cells: Cells, horizon: float) -> float:
    """The standard deviation of the logarithm of all orders expected within the horizon, by bootstrap.

    Buyers are drawn again with their cells as weights; each draw moves the parameters by one Newton step, which
    is as far as so small a change can move them.
    """
    covariance = fit.maximum.log_covariance
    if covariance is None:
        return float("nan")
    grid, step = cells, STEP
    while len(grid.age) > MANY_CELLS and step < MANY_CELLS:
        grid, step = coarser(cells, step), 2 * step
    draw = np.random.default_rng(SEED)
    place, totals = np.log(fit.parameters), []
    for _ in range(REPLICATES):
        counts = draw.poisson(grid.customer_count).astype(np.float64)
        drawn = Cells(grid.frequency, grid.recency, grid.age, counts)
        gradient = fit.parameters * buying.likelihood_of(drawn, fit.family)(fit.parameters).gradient
        moved = np.exp(place + np.clip(covariance @ gradient, -2, 2))
        totals.append(total_orders(moved, grid, horizon, family=fit.family))
    return float(np.std(np.log(totals)))


def total_orders(parameters: np.ndarray, cells: Cells, horizon: float, *, family: buying.Family) -> float:
    """Orders expected of all buyers within the horizon."""
    alive = buying.probability_alive(parameters, cells.frequency, cells.recency, cells.age, family=family)
    pairs, places = distinct_pairs(cells)
    expected = buying.expected_if_alive(parameters, pairs[0], pairs[1], horizon, family=family)
    return dot(alive * expected[places], cells.customer_count)


def distinct_pairs(cells: Cells) -> tuple[np.ndarray, np.ndarray]:
    """The distinct pairs of frequency and age, on which expectations of the living depend, and each cell's place."""
    ages, age_places = np.unique(cells.age, return_inverse=True)
    codes, places = np.unique(cells.frequency * len(ages) + age_places, return_inverse=True)
    return np.stack([codes // len(ages), ages[(codes % len(ages)).astype(np.intp)]]), places


def of_order_value(fit: spending.Fit) -> float:
    """The standard deviation of the logarithm of the mean value of an order, p v / (q - 1), by the delta method."""
    covariance = fit.maximum.log_covariance
    if covariance is None:
        return float("nan")
    q = fit.parameters[1]
    slope = np.array([1.0, -q / (q - 1), 1.0])
    return float(np.sqrt(slope @ covariance @ slope))


def bounds(*deviations: float) -> tuple[float, float]:
    """What a positive expectation is to be multiplied by for its 95 % bounds, from deviations of its logarithm."""
    spread = NORMAL_95 * float(np.sqrt(np.sum(np.square(deviations))))
    return float(np.exp(-spread)), float(np.exp(spread))
