"""How far expectations move with the parameters, when other buyers like these had come."""

import numpy as np

from orchestration.value import buying, spending
from orchestration.value.cells import Cells, coarse, dot

REPLICATES = 100
SEED = 20050401
NORMAL_95 = 1.959964


def of_total_orders(fit: buying.Fit, cells: Cells, horizon: float) -> float:
    """The standard deviation of the logarithm of all orders expected within the horizon, by bootstrap.

    Buyers are drawn again with their cells as weights; each draw moves the parameters by one Newton step, which
    is as far as so small a change can move them.
    """
    covariance = fit.maximum.log_covariance
    if covariance is None:
        return float("nan")
    # Cells of a week, or of a month, tell a deviation nearly as well as those of a day, and are far fewer.
    grid = coarse(cells)
    pairs, places = buying.distinct_pairs(grid.frequency, grid.age)
    history = grid.frequency, grid.recency, grid.age
    draw = np.random.default_rng(SEED)
    # By the logarithms of the parameters, as the covariance is.
    scores = buying.scores(fit, grid) * fit.parameters
    place, totals = np.log(fit.parameters), []
    for _ in range(REPLICATES):
        gradient = np.einsum("i,ij->j", draw.poisson(grid.customer_count).astype(np.float64), scores)
        moved = np.exp(place + np.clip(covariance @ gradient, -2, 2))
        alive = buying.probability_alive(moved, *history, family=fit.family)
        expected = buying.expected_if_alive(moved, pairs[0], pairs[1], horizon, family=fit.family)
        totals.append(dot(alive * expected[places], grid.customer_count))
    return float(np.std(np.log(totals)))


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
