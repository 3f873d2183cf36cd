"""What an order day is worth: Gamma-Gamma, in which buyers' means vary and single orders vary around them.

Fader and Hardie 2013, "The Gamma-Gamma Model of Monetary Value". It sees the order days after the first of
buyers whose mean value on them is above 0, and takes values as independent of how often somebody buys.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from orchestration.value.cells import CannotFit, Numbers, dot
from orchestration.value.maximum import Likelihood, Maximum, Prior, Slope, maximise

NAMES = ("p", "q", "v")


@dataclass(frozen=True)
class Spenders:
    """Buyers by repeat order days and mean value of them (in any currency), with how many each row stands for."""

    frequency: Numbers
    mean_value: Numbers
    customer_count: Numbers

    def __post_init__(self) -> None:
        """Refuse what the model has no words for."""
        if not len(self.frequency):
            raise CannotFit("nobody has ordered again for money, so the data say nothing of what an order is worth")
        if (self.frequency < 1).any() or (self.mean_value <= 0).any():
            raise CannotFit("a spender has at least one repeat order day and a mean value above 0; leave out others")


@dataclass(frozen=True)
class Fit:
    """A fitted Gamma-Gamma; `is_identified` is whether the data, not the prior, bound the parameters."""

    maximum: Maximum
    is_identified: bool
    customer_count: float

    @property
    def parameters(self) -> Numbers:
        """p, q and v (in the currency of the values)."""
        return self.maximum.parameters


def likelihood_of(spenders: Spenders) -> Likelihood:
    """The log-likelihood of p, q and v with its gradient."""
    x, z, counts = spenders.frequency, spenders.mean_value, spenders.customer_count

    def slope(parameters: Numbers) -> Slope:
        p, q, v = parameters
        log_sum = np.log(v + x * z)
        per_row = special.gammaln(p * x + q) - special.gammaln(p * x) - special.gammaln(q)
        per_row += q * np.log(v) + (p * x - 1) * np.log(z) + p * x * np.log(x) - (p * x + q) * log_sum
        by_p = x * (special.psi(p * x + q) - special.psi(p * x) + np.log(z) + np.log(x) - log_sum)
        by_q = special.psi(p * x + q) - special.psi(q) + np.log(v) - log_sum
        by_v = q / v - (p * x + q) / (v + x * z)
        return Slope(dot(counts, per_row), np.array([dot(counts, by_p), dot(counts, by_q), dot(counts, by_v)]))

    return slope


def fit(spenders: Spenders) -> Fit:
    """The most likely p, q and v; a weak prior keeps them finite where values hardly vary or hardly are."""
    total = float(spenders.customer_count.sum())
    mean = dot(spenders.mean_value, spenders.customer_count) / total
    start = np.array([2.0, 3.0, mean])
    likelihood = likelihood_of(spenders)
    found = maximise(likelihood, start, total=total)
    # Without a mean of means (q <= 1) nobody's expectation is finite.
    is_identified = found.log_covariance is not None and found.is_converged and found.parameters[1] > 1
    if not is_identified:
        found = maximise(likelihood, start, total=total, prior=Prior(np.log(start), deviation=1.0))
    if found.parameters[1] <= 1:
        raise CannotFit("values of orders vary so wildly that they have no mean; look for amounts out of all bounds")
    return Fit(found, bool(is_identified), total)


def expected_value(parameters: Numbers, frequency: npt.ArrayLike, mean_value: npt.ArrayLike) -> Numbers:
    """The value expected of an order day; without a repeat order (frequency 0) that of all buyers."""
    p, q, v = parameters
    x, z = np.asarray(frequency, dtype=np.float64), np.asarray(mean_value, dtype=np.float64)
    # p x + q - 1 weighs the buyer's own mean against everybody's.
    return np.asarray(p * (v + x * z) / (p * x + q - 1))
