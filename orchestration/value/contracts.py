"""How long contracts last: sBG, in which every renewal is kept with a probability that is Beta among customers.

Fader and Hardie 2007, "How to Project Customer Retention", Journal of Interactive Marketing 21(1); residual
lifetimes from Fader and Hardie 2010, Marketing Science 29(1). Beside it stands the curve of Kaplan and Meier 1958,
Journal of the American Statistical Association 53(282), which supposes nothing and shows how well the model fits.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from orchestration.value.cells import CannotFit, Numbers
from orchestration.value.maximum import Likelihood, Maximum, Prior, Slope, maximise

NAMES = ("alpha", "beta")
# A discounted sum whose next term is smaller than this is whole.
NEGLIGIBLE = 1e-12


@dataclass(frozen=True)
class Renewals:
    """Of those who came to the first, second, third ... renewal, how many kept their contract and how many left."""

    kept: Numbers
    lost: Numbers

    def __post_init__(self) -> None:
        """Refuse what says nothing of leaving."""
        if not self.kept.sum() + self.lost.sum() > 0:
            raise CannotFit("no contract has come to a renewal yet, so the data say nothing of how long they last")

    @property
    def customer_count(self) -> float:
        """Customers who came to the first renewal."""
        return float(self.kept[0] + self.lost[0])


@dataclass(frozen=True)
class Fit:
    """A fitted sBG; `is_identified` is whether the data, not the prior, bound both parameters."""

    maximum: Maximum
    is_identified: bool
    customer_count: float

    @property
    def parameters(self) -> Numbers:
        """alpha and beta; renewals are counted, so they have no unit."""
        return self.maximum.parameters


@dataclass(frozen=True)
class Curve:
    """The share left after the first, second, third ... renewal, with Greenwood's standard errors."""

    survival: Numbers
    standard_errors: Numbers
    log_likelihood: float


def kaplan_meier(renewals: Renewals) -> Curve:
    """The curve of Kaplan and Meier over renewals, as far as anybody has come; an error is 0 where all have left."""
    at_risk = renewals.kept + renewals.lost
    known = slice(0, int(np.flatnonzero(at_risk)[-1]) + 1)
    kept, lost, at_risk = renewals.kept[known], renewals.lost[known], at_risk[known]
    left = np.asarray(np.cumprod(kept / at_risk), dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.where(left > 0, left**2 * np.cumsum(lost / (at_risk * kept)), 0.0)
    value = special.xlogy(lost, lost / at_risk).sum() + special.xlogy(kept, kept / at_risk).sum()
    return Curve(left, np.sqrt(variance).astype(np.float64), float(value))


def survivors(counts: npt.ArrayLike) -> Renewals:
    """Renewals of one cohort from how many were left at each: the first number is its size."""
    left = np.asarray(counts, dtype=np.float64)
    return Renewals(left[1:], left[:-1] - left[1:])


def likelihood_of(renewals: Renewals) -> Likelihood:
    """The log-likelihood of alpha and beta with its gradient: each renewal is drawn at the hazard of its number."""
    numbers = np.arange(1, len(renewals.kept) + 1, dtype=np.float64)

    def slope(parameters: Numbers) -> Slope:
        alpha, beta = parameters
        kept, lost, all_ = renewals.kept, renewals.lost, renewals.kept + renewals.lost
        both, own = alpha + beta + numbers - 1, beta + numbers - 1
        value = lost.sum() * np.log(alpha) + kept @ np.log(own) - all_ @ np.log(both)
        gradient = np.array([lost.sum() / alpha - all_ @ (1 / both), kept @ (1 / own) - all_ @ (1 / both)])
        return Slope(float(value), gradient)

    return slope


def fit(renewals: Renewals) -> Fit:
    """The most likely alpha and beta; a weak prior keeps them finite where all or nobody left."""
    likelihood, start = likelihood_of(renewals), np.array([1.0, 2.0])
    found = maximise(likelihood, start, total=renewals.customer_count)
    is_identified = found.log_covariance is not None and found.is_converged and bool(max(found.parameters) < 1e4)
    if not is_identified:
        found = maximise(likelihood, start, total=renewals.customer_count, prior=Prior(np.log(start)))
    return Fit(found, is_identified, renewals.customer_count)


def survival(parameters: Numbers, renewals: npt.ArrayLike) -> Numbers:
    """The share, 0 to 1, of a cohort that is left after so many renewals."""
    alpha, beta = parameters
    number = np.asarray(renewals, dtype=np.float64)
    return np.asarray(np.exp(special.betaln(alpha, beta + number) - special.betaln(alpha, beta)))


def expected_lifetime(parameters: Numbers, discount_rate: float, *, renewals: int | None = None) -> float:
    """Periods that a customer is expected to pay, discounted per period (0.1 for a tenth).

    Of a newcomer whose first payment is now; or, given the renewals already made, of the payments still to come,
    of which the next is now if it comes.
    """
    alpha, beta = parameters
    made = renewals or 0
    total, worth = (1.0, 1.0) if renewals is None else (0.0, 1.0 + discount_rate)
    number = made
    while worth > NEGLIGIBLE * max(total, 1.0):
        number += 1
        worth *= (beta + number - 1) / (alpha + beta + number - 1) / (1 + discount_rate)
        total += worth
    return total
