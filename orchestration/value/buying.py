"""Buying and dropping out unseen: MBG/NBD, BG/NBD, and NBD that never drops out.

A buyer orders as a Poisson process at a rate that is Gamma(r, alpha) among buyers, and drops out for ever with a
probability that is Beta(a, b) among them: after each order but the first in BG/NBD (Fader, Hardie and Lee 2005,
Marketing Science 24(2), doi 10.1287/mksc.1040.0098), after every order in MBG/NBD (Batislam, Denizel and Filiztekin
2007, IJRM 24(3)). Formulas are written so that no buyer, however heavy, makes a number overflow.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import special

from orchestration.value.cells import Cells, Numbers, Places, coarse, distinct, dot
from orchestration.value.maximum import Likelihood, Maximum, Prior, Slope, maximise

Family = Literal["mbg_nbd", "bg_nbd"]
NAMES = ("r", "alpha", "a", "b")
# Nearer to a = 1, where both the numerator and the denominator vanish, a line between both sides is exact to 1e-8.
NEAR_ONE = 1e-4
QUADRATURE_NODES = 200


@dataclass(frozen=True)
class Fit:
    """A fitted family; `dropout_identified` is whether the data, not the prior, say that and when buyers drop out."""

    family: Family
    maximum: Maximum
    dropout_identified: bool
    customer_count: float

    @property
    def parameters(self) -> Numbers:
        """r, alpha (in the unit of the cells' times), a and b."""
        return self.maximum.parameters


@dataclass(frozen=True)
class _Tables:
    """What of the likelihood depends on the frequency alone, and the cells as places in small tables."""

    cells: Cells
    family: Family

    @cached_property
    def frequencies(self) -> tuple[Numbers, Places, Numbers]:
        """The distinct frequencies, where each cell's stands among them, and how many buyers have each."""
        return self._counted(self.cells.frequency)

    @cached_property
    def ages(self) -> tuple[Numbers, Places, Numbers]:
        return self._counted(self.cells.age)

    @cached_property
    def recencies(self) -> tuple[Numbers, Places, Numbers]:
        return self._counted(self.cells.recency)

    @cached_property
    def may_have_left(self) -> Numbers:
        """The cells' buyers who can have dropped out: in BG/NBD only who came back."""
        count = self.cells.customer_count
        return count if self.family == "mbg_nbd" else np.where(self.cells.frequency > 0, count, 0.0)

    def _counted(self, values: Numbers) -> tuple[Numbers, Places, Numbers]:
        found, places = distinct(values)
        return found, places, np.bincount(places, weights=self.cells.customer_count).astype(np.float64)


def _survived(family: Family, frequency: Numbers, b: float) -> Numbers:
    """The second parameter of the Beta posterior of who is still alive."""
    return b + frequency + (1.0 if family == "mbg_nbd" else 0.0)


def _against_leaving(family: Family, frequency: Numbers, b: float) -> Numbers:
    """What a is held against in the odds of having left; 1 where BG/NBD lets nobody leave."""
    against = _survived(family, frequency, b) - 1
    return against if family == "mbg_nbd" else np.where(frequency == 0, 1.0, against)


def likelihood_of(cells: Cells, family: Family) -> Likelihood:
    """The log-likelihood of r, alpha, a and b with its gradient and Hessian, in one pass over the cells."""
    tables = _Tables(cells, family)

    def slope(parameters: Numbers) -> Slope:
        purchases, leaving = _of_purchases(tables, parameters), _of_dropout(tables, parameters)
        gradient, hessian = purchases[1] + leaving[1], purchases[2] + leaving[2]
        return Slope(purchases[0] + leaving[0], gradient, hessian)

    return slope


def scores(fit: Fit, cells: Cells) -> Numbers:
    """What each buyer of a cell adds to the gradient of the log-likelihood by r, alpha, a and b: (cells, 4)."""
    r, alpha, a, b = fit.parameters
    x, age, recency = cells.frequency, cells.age, cells.recency
    left = 1 - probability_alive(fit.parameters, x, recency, age, family=fit.family)
    survived = _survived(fit.family, x, b)
    later, sooner = 1 / (alpha + age), 1 / (alpha + recency)
    ended = special.psi(a + b) - special.psi(a + survived)
    return np.column_stack(
        [
            special.psi(r + x) - special.psi(r) + np.log(alpha * later) + left * np.log(sooner / later),
            r / alpha - (r + x) * later + left * (r + x) * (later - sooner),
            ended + left / a,
            ended + special.psi(survived) - special.psi(b) - left / _against_leaving(fit.family, x, b),
        ]
    )


def nbd_likelihood_of(cells: Cells) -> Likelihood:
    """The log-likelihood of r and alpha where nobody drops out."""
    tables = _Tables(cells, "mbg_nbd")

    def slope(parameters: Numbers) -> Slope:
        value, gradient, hessian = _of_purchases(tables, np.array([*parameters, 1.0, 1.0]))
        return Slope(value, gradient[:2], hessian[:2, :2])

    return slope


def _of_purchases(tables: _Tables, parameters: Numbers) -> tuple[float, Numbers, Numbers]:
    """The negative binomial part of the log-likelihood, by table over frequencies and over ages."""
    r, alpha = parameters[:2]
    (x, _, counts), (ages, places, age_counts) = tables.frequencies, tables.ages
    per_age = np.bincount(places, weights=tables.cells.customer_count * tables.cells.frequency) + r * age_counts
    total = counts.sum()
    value = dot(counts, special.gammaln(r + x) - special.gammaln(r)) + total * r * np.log(alpha)
    value -= dot(per_age, np.log(alpha + ages))
    gradient, hessian = np.zeros(4), np.zeros((4, 4))
    gradient[0] = dot(counts, special.psi(r + x) - special.psi(r)) + total * np.log(alpha)
    gradient[0] -= dot(age_counts, np.log(alpha + ages))
    gradient[1] = total * r / alpha - dot(per_age, 1 / (alpha + ages))
    hessian[0, 0] = dot(counts, special.polygamma(1, r + x) - special.polygamma(1, r))
    hessian[0, 1] = hessian[1, 0] = total / alpha - dot(age_counts, 1 / (alpha + ages))
    hessian[1, 1] = -total * r / alpha**2 + dot(per_age, 1 / (alpha + ages) ** 2)
    return float(value), gradient, hessian


def _of_dropout(tables: _Tables, parameters: Numbers) -> tuple[float, Numbers, Numbers]:
    """What the chance to have dropped out adds: a table over frequencies, and softplus(log odds) per cell."""
    a, b = parameters[2:]
    x, _, counts = tables.frequencies
    alive = _survived(tables.family, x, b)
    value = dot(counts, _log_beta(a, alive) - _log_beta(a, b))
    gradient, hessian = np.zeros(4), np.zeros((4, 4))
    gradient[2] = dot(counts, special.psi(a + b) - special.psi(a + alive))
    gradient[3] = gradient[2] + dot(counts, special.psi(alive) - special.psi(b))
    hessian[2, 2] = dot(counts, special.polygamma(1, a + b) - special.polygamma(1, a + alive))
    hessian[2, 3] = hessian[3, 2] = hessian[2, 2]
    hessian[3, 3] = hessian[2, 2] + dot(counts, special.polygamma(1, alive) - special.polygamma(1, b))
    return _with_odds(tables, parameters, (float(value), gradient, hessian))


def _with_odds(
    tables: _Tables, parameters: Numbers, former: tuple[float, Numbers, Numbers]
) -> tuple[float, Numbers, Numbers]:
    """Add log(1 + odds of having dropped out) of every cell."""
    r, alpha, a, b = parameters
    x, places, _ = tables.frequencies
    (ages, age_places, _), (recencies, recency_places, _) = tables.ages, tables.recencies
    left = _against_leaving(tables.family, x, b)
    exponent = (r + x)[places]
    spread = np.log(alpha + ages)[age_places] - np.log(alpha + recencies)[recency_places]
    odds = (np.log(a) - np.log(left))[places] + exponent * spread
    small = np.exp(-np.abs(odds))
    weights = tables.may_have_left
    has_left = weights * np.where(odds > 0, 1.0, small) / (1 + small)
    spreading = has_left * (1 / (1 + small)) * np.where(odds > 0, small, 1.0)
    by_alpha = (1 / (alpha + ages))[age_places] - (1 / (alpha + recencies))[recency_places]
    by_left = (1 / left)[places]
    value = former[0] + dot(weights, np.log1p(small) + np.maximum(odds, 0))
    slopes = (spread, exponent * by_alpha, np.full(1, 1 / a), -by_left)
    gradient = former[1] + np.array([_total(has_left, of) for of in slopes])
    hessian = former[2].copy()
    for row in range(4):
        weighted = spreading * slopes[row]
        for column in range(row, 4):
            hessian[row, column] += _total(weighted, slopes[column])
    hessian[0, 1] += dot(has_left, by_alpha)
    squares = (1 / (alpha + recencies) ** 2)[recency_places] - (1 / (alpha + ages) ** 2)[age_places]
    hessian[1, 1] += dot(has_left, exponent * squares)
    hessian[2, 2] -= has_left.sum() / a**2
    hessian[3, 3] += dot(has_left, by_left**2)
    return value, gradient, np.triu(hessian) + np.triu(hessian, 1).T


def _total(weights: Numbers, values: Numbers) -> float:
    return float(weights.sum() * values[0]) if len(values) == 1 else dot(weights, values)


def _log_beta(a: float, b: Numbers | float) -> Numbers:
    return np.asarray(special.gammaln(a) + special.gammaln(b) - special.gammaln(a + np.asarray(b)))


def start_of(cells: Cells) -> Numbers:
    """Where the search begins: a rate of all buyers together that varies much, and dropout of which little is known."""
    repeats = dot(cells.frequency, cells.customer_count)
    time = dot(cells.age, cells.customer_count)
    return np.array([0.5, max(0.5 * time / repeats, 1e-3), 1.0, 2.0])


def fit(cells: Cells, family: Family = "mbg_nbd") -> Fit:
    """The most likely parameters, guarded: where dropout is not in the data, a weak prior keeps it finite."""
    cells.demand_repeats()
    likelihood, start = likelihood_of(cells, family), start_of(cells)
    found = maximise(likelihood, _near_summit(cells, family, start), total=cells.total)
    if _is_identified(found, cells, family):
        return Fit(family, found, True, cells.total)
    prior = Prior(np.log(start))
    return Fit(family, maximise(likelihood, start, total=cells.total, prior=prior), False, cells.total)


def _near_summit(cells: Cells, family: Family, start: Numbers) -> Numbers:
    """Where to start so that few steps remain over all cells: the summit over fewer, unless they bound nothing."""
    few = coarse(cells)
    if few is cells:
        return start
    found = maximise(likelihood_of(few, family), start, total=few.total)
    return found.parameters if _is_identified(found, few, family) else start


def fit_nbd(cells: Cells) -> Maximum:
    """The most likely r and alpha where nobody drops out: what the guard's verdict can be held against."""
    cells.demand_repeats()
    return maximise(nbd_likelihood_of(cells), start_of(cells)[:2], total=cells.total)


def _is_identified(found: Maximum, cells: Cells, family: Family) -> bool:
    """Whether the data bound the parameters: of dropout, or everybody would be called alive for ever; and of rates,
    which run away where all order as often.
    """
    r, _, a, b = found.parameters
    if found.log_covariance is None or not found.is_converged or a < 0.001 or max(r, b) > 1000:
        return False
    alive = probability_alive(found.parameters, cells.frequency, cells.recency, cells.age, family=family)
    return dot(alive, cells.customer_count) / cells.total <= 0.999


def probability_alive(
    parameters: Numbers,
    frequency: npt.ArrayLike,
    recency: npt.ArrayLike,
    age: npt.ArrayLike,
    *,
    family: Family = "mbg_nbd",
) -> Numbers:
    """The probability, 0 to 1, that a buyer of this history has not dropped out; arrays broadcast."""
    r, alpha, a, b = parameters
    x, t_x, t = (np.asarray(of, dtype=np.float64) for of in (frequency, recency, age))
    left = _against_leaving(family, x, b)
    odds = np.log(a) - np.log(left) + (r + x) * (np.log(alpha + t) - np.log(alpha + t_x))
    alive = 1 / (1 + np.exp(np.minimum(odds, 700)))
    return np.asarray(np.where(x == 0, 1.0, alive) if family == "bg_nbd" else alive)


def probability_of_order(
    parameters: Numbers,
    frequency: npt.ArrayLike,
    recency: npt.ArrayLike,
    age: npt.ArrayLike,
    horizon: float,
    *,
    family: Family = "mbg_nbd",
) -> Numbers:
    """The probability, 0 to 1, of at least one order day within the horizon after the day of observation."""
    r, alpha = parameters[:2]
    x, t = np.asarray(frequency, dtype=np.float64), np.asarray(age, dtype=np.float64)
    silent = np.exp(-(r + x) * np.log1p(horizon / (alpha + t)))
    return np.asarray(probability_alive(parameters, frequency, recency, age, family=family) * (1 - silent))


def expected_if_alive(
    parameters: Numbers,
    frequency: npt.ArrayLike,
    age: npt.ArrayLike,
    horizon: npt.ArrayLike,
    *,
    family: Family = "mbg_nbd",
) -> Numbers:
    """Order days expected within the horizon of who is alive now; depends on frequency and age alone.

    Of Euler's two forms of the hypergeometric function this is the one whose third argument grows with the
    frequency, so that its series converges fast and nothing overflows.
    """
    r, alpha, a, b = parameters
    x, t, h = (np.asarray(of, dtype=np.float64) for of in (frequency, age, horizon))
    z, alive = h / (alpha + t + h), _survived(family, x, b)
    if abs(a - 1) > NEAR_ONE:
        return _expected_by_series(a, alive, r + x, z)
    below, above = (_expected_by_series(side, alive, r + x, z) for side in (1 - NEAR_ONE, 1 + NEAR_ONE))
    return np.asarray(below + (above - below) * (a - 1 + NEAR_ONE) / (2 * NEAR_ONE))


def _expected_by_series(a: float, alive: Numbers, orders: Numbers, z: Numbers) -> Numbers:
    third = a + alive - 1
    # In BG/NBD the pole at a + b = 1 of who never came back is removable as well.
    third = np.where(np.abs(third) < NEAR_ONE, NEAR_ONE, third)
    series = special.hyp2f1(a - 1, third - orders, third, z)
    found = np.asarray(third / (a - 1) * (1 - np.exp((a - 1) * np.log1p(-z)) * series))
    lost = ~np.isfinite(found)
    if lost.any():
        of_lost = (of[lost] for of in np.broadcast_arrays(alive, orders, z))
        found[lost] = _expected_by_quadrature(a, *of_lost)
    return found


def _expected_by_quadrature(a: float, alive: Numbers, orders: Numbers, z: Numbers) -> Numbers:
    """The same as a mean over the chance p to leave after an order, which is Beta(a, alive): with it known the orders
    expected are (1 - (1 + p z / (1 - z))^-orders) / p.

    For where the series does not converge, as all buyers are alike and order on a thousand days.
    """
    nodes, weights = np.polynomial.legendre.leggauss(QUADRATURE_NODES)
    chance = special.betaincinv(a, alive[:, None], (nodes + 1) / 2)
    odds = (z / (1 - z))[:, None]
    leaving = np.maximum(chance, np.finfo(np.float64).tiny)
    given = -np.expm1(-orders[:, None] * np.log1p(leaving * odds)) / leaving
    return np.asarray(given @ weights / 2)


def distinct_pairs(frequency: Numbers, age: Numbers) -> tuple[Numbers, Places]:
    """The distinct pairs of frequency and age, on which expectations of the living depend, and each buyer's place."""
    ages, age_places = distinct(age)
    codes, places = distinct(frequency * len(ages) + age_places)
    return np.stack([codes // len(ages), ages[(codes % len(ages)).astype(np.intp)]]), places


def expected_orders(
    parameters: Numbers,
    frequency: npt.ArrayLike,
    recency: npt.ArrayLike,
    age: npt.ArrayLike,
    horizon: npt.ArrayLike,
    *,
    family: Family = "mbg_nbd",
) -> Numbers:
    """Order days expected within the horizon after the day of observation."""
    alive = probability_alive(parameters, frequency, recency, age, family=family)
    return alive * expected_if_alive(parameters, frequency, age, horizon, family=family)


def probability_of_count(
    parameters: Numbers, count: int, horizon: npt.ArrayLike, *, family: Family = "mbg_nbd"
) -> Numbers:
    """The probability that a newcomer orders again on exactly so many days within the horizon."""
    r, alpha, a, b = parameters
    h = np.asarray(horizon, dtype=np.float64)
    numbers = np.arange(count + 1).reshape(-1, *[1] * h.ndim)
    log_ways = special.gammaln(r + numbers) - special.gammaln(r) - special.gammaln(numbers + 1)
    masses = np.exp(log_ways - r * np.log1p(h / alpha) + special.xlogy(numbers, h / (alpha + h)))
    survived = float(_survived(family, np.asarray(float(count)), b))
    alive = np.exp(_log_beta(a, survived) - _log_beta(a, b)) * masses[count]
    if family == "bg_nbd" and count == 0:
        return np.asarray(alive)
    left = np.exp(_log_beta(a + 1, survived - 1) - _log_beta(a, b))
    return np.asarray(alive + left * (1 - masses[:count].sum(axis=0)))
