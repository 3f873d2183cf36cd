"""Finding the most likely parameters of a model: positive numbers, sought by Newton's steps on their logarithms."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from orchestration.value.cells import CannotFit

Numbers = npt.NDArray[np.float64]

ITERATIONS = 200
# On the log-likelihood per customer, whose rounding errors lie below it.
GRADIENT_TOLERANCE = 1e-10
LONGEST_STEP = 2.0
SHORTEST_STEP = 1e-9
# Of a height, what sums over millions of customers leave in doubt.
ROUNDING = 1e-13
DIFFERENCE = 1e-5


@dataclass(frozen=True)
class Slope:
    """A log-likelihood (natural logarithm, summed over customers), its gradient and its Hessian.

    Both are by the parameters themselves; a model that leaves the Hessian out has it taken from differences.
    """

    log_likelihood: float
    gradient: Numbers
    hessian: Numbers | None = None


Likelihood = Callable[[Numbers], Slope]


@dataclass(frozen=True)
class Prior:
    """Normal beliefs about the logarithms of the parameters, so weak that data who say anything outweigh them."""

    centre: Numbers
    deviation: float = 2.0


@dataclass(frozen=True)
class Maximum:
    """The most likely parameters and how sure they are: covariance of the logarithms from the Hessian.

    `log_likelihood` is the data's, without the prior. The covariance is None where the data do not bound the
    parameters (the Hessian is not definite), and is_converged says whether the gradient vanished.
    """

    parameters: Numbers
    log_likelihood: float
    log_covariance: Numbers | None
    is_converged: bool

    @property
    def standard_errors(self) -> Numbers:
        """Of the parameters, by the delta method; not-a-number where they are unbounded."""
        if self.log_covariance is None:
            return np.full_like(self.parameters, np.nan)
        return self.parameters * np.sqrt(np.diag(self.log_covariance))


@dataclass(frozen=True)
class _Hill:
    """What is climbed: the log-likelihood per customer, with the prior, over the parameters' logarithms."""

    likelihood: Likelihood
    total: float
    prior: Prior | None
    seen: dict[bytes, Slope] = field(default_factory=dict)

    def height(self, place: Numbers) -> float:
        value = self.slope(place).log_likelihood
        if self.prior is not None:
            value -= float(np.sum((place - self.prior.centre) ** 2)) / (2 * self.prior.deviation**2)
        return value / self.total

    def gradient(self, place: Numbers) -> Numbers:
        gradient = np.exp(place) * self.slope(place).gradient
        if self.prior is not None:
            gradient = gradient - (place - self.prior.centre) / self.prior.deviation**2
        return gradient / self.total

    def hessian(self, place: Numbers) -> Numbers:
        slope = self.slope(place)
        if slope.hessian is None:
            return self._from_differences(place)
        parameters = np.exp(place)
        curved = np.outer(parameters, parameters) * slope.hessian + np.diag(parameters * slope.gradient)
        if self.prior is not None:
            curved = curved - np.eye(len(place)) / self.prior.deviation**2
        return curved / self.total

    def _from_differences(self, place: Numbers) -> Numbers:
        steps = np.eye(len(place)) * DIFFERENCE
        rows = [(self.gradient(place + step) - self.gradient(place - step)) / (2 * DIFFERENCE) for step in steps]
        curved = np.array(rows)
        return np.asarray((curved + curved.T) / 2)

    def slope(self, place: Numbers) -> Slope:
        key = place.tobytes()
        if key not in self.seen:
            self.seen.clear()
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                self.seen[key] = self.likelihood(np.exp(place))
        return self.seen[key]


def maximise(likelihood: Likelihood, start: Numbers, *, total: float, prior: Prior | None = None) -> Maximum:
    """Climb from `start` to the maximum; `total` is the number of customers that the likelihood sums over."""
    hill = _Hill(likelihood, total, prior)
    place = np.log(np.asarray(start, dtype=np.float64))
    if not np.isfinite(hill.height(place)):
        raise CannotFit("the likelihood is not a number at its start: look for amounts or times out of all bounds")
    for _ in range(ITERATIONS):
        if np.max(np.abs(hill.gradient(place))) < GRADIENT_TOLERANCE:
            break
        further = _climbed(hill, place)
        if further is None:
            break
        place = further
    curved, gradient = hill.hessian(place), hill.gradient(place)
    information = -curved * total
    is_bounded = bool(np.all(np.isfinite(information)) and np.all(np.linalg.eigvalsh(information) > 1e-8))
    return Maximum(
        parameters=np.exp(place),
        log_likelihood=hill.slope(place).log_likelihood,
        log_covariance=np.asarray(np.linalg.inv(information), dtype=np.float64) if is_bounded else None,
        is_converged=bool(np.max(np.abs(gradient)) <= 1e-6),
    )


def _climbed(hill: _Hill, place: Numbers) -> Numbers | None:
    """A place that is higher, by a step of Newton's with every curve taken as a summit; None where there is none."""
    height, gradient = hill.height(place), hill.gradient(place)
    curved = hill.hessian(place)
    # Where the hill is so steep that its curve overflows, its gradient still points up.
    curves, directions = np.linalg.eigh(curved if np.isfinite(curved).all() else np.eye(len(place)))
    step = directions @ ((directions.T @ gradient) / np.maximum(np.abs(curves), 1e-10))
    step *= min(1.0, LONGEST_STEP / float(np.max(np.abs(step))))
    for _ in range(40):
        further = np.asarray(place + step)
        rise = hill.height(further) - height
        doubt = ROUNDING * (1 + abs(height))
        # So near the summit heights differ by their rounding alone; the gradient still tells.
        is_flatter = abs(rise) <= doubt and np.linalg.norm(hill.gradient(further)) < np.linalg.norm(gradient)
        if rise > doubt or is_flatter:
            return further
        if np.max(np.abs(step)) < SHORTEST_STEP:
            break
        step = step / 3
    return None
