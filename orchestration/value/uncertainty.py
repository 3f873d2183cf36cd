"""How far expectations move with the parameters, when other buyers like these had come."""

import numpy as np

from orchestration.value import buying, spending
from orchestration.value.cells import Cells, Numbers, coarse, dot

REPLICATES = 100
SEED = 20050401
NORMAL_95 = 1.959964
DIFFERENCE = 1e-5


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


def of_order_values(
    spend: spending.Fit, spenders: spending.Spenders, fit: buying.Fit, cells: Cells, horizon: float
) -> float:
    """The standard deviation of the logarithm of the value of all those orders, by the delta method.

    Who came back is worth mostly the own mean, which no parameter moves; so each buyer's expected value of an order
    counts by the orders expected of those who came back as often.
    """
    covariance = spend.maximum.log_covariance
    if covariance is None:
        return float("nan")
    grid = coarse(cells)
    history = grid.frequency, grid.recency, grid.age
    expected = buying.expected_orders(fit.parameters, *history, horizon, family=fit.family)
    frequencies, places = np.unique(grid.frequency, return_inverse=True)
    buyers = np.bincount(places, weights=grid.customer_count)
    means = np.bincount(places, weights=grid.customer_count * expected) / buyers
    orders = spenders.customer_count * np.interp(spenders.frequency, frequencies, means)
    # Who never came back, or for nothing only, is worth the mean of all.
    of_others = max(dot(expected, grid.customer_count) - float(orders.sum()), 0.0)

    def total(place: Numbers) -> float:
        parameters = np.exp(place)
        values = spending.expected_value(parameters, spenders.frequency, spenders.mean_value)
        return dot(orders, values) + of_others * float(spending.expected_value(parameters, 0, 0))

    place = np.log(spend.parameters)
    steps = np.eye(len(place)) * DIFFERENCE
    rises = np.array([total(place + step) - total(place - step) for step in steps])
    slope = rises / (2 * DIFFERENCE * total(place))
    return float(np.sqrt(slope @ covariance @ slope))


def bounds(*deviations: float) -> tuple[float, float]:
    """What a positive expectation is to be multiplied by for its 95 % bounds, from deviations of its logarithm."""
    spread = NORMAL_95 * float(np.sqrt(np.sum(np.square(deviations))))
    return float(np.exp(-spread)), float(np.exp(spread))
