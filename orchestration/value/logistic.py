"""Logistic regression on counted rows: log odds that are a weighted sum of features, found by Newton's steps.

The textbook's iteratively reweighted least squares (McCullagh and Nelder 1989, "Generalized Linear Models", 4.4).
A weak normal prior on the weights of the standardised features (a ridge; le Cessie and van Houwelingen 1992, Applied
Statistics 41(1)) keeps them finite where a feature tells the outcome for certain, or says the same as another.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from orchestration.value.cells import CannotFit, Numbers, dot

INTERCEPT = "intercept"
# Of the prior, in log odds per standard deviation of a feature: few move odds more than a hundredfold.
DEVIATION = 5.0
ITERATIONS = 100
GRADIENT_TOLERANCE = 1e-10
SHORTEST_STEP = 1e-9
# In standard errors; where a feature tells the outcome for certain it is about 1.
LARGEST_SHIFT = 0.5


@dataclass(frozen=True)
class Observed:
    """Rows of features with how many people each stands for, and how many of them the outcome befell.

    `features` is of shape (rows, features), in any units; `happened` and `customer_count` are of shape (rows,), with
    0 <= happened <= customer_count.
    """

    names: Sequence[str]
    features: Numbers
    happened: Numbers
    customer_count: Numbers

    def __post_init__(self) -> None:
        """Refuse what no weight could be learnt from."""
        if not np.isfinite(self.features).all():
            wrong = [name for name, of in zip(self.names, self.features.T, strict=True) if not np.isfinite(of).all()]
            raise CannotFit(f"{', '.join(wrong)} must be a number in every row")
        happened, total = float(self.happened.sum()), float(self.customer_count.sum())
        if not 0 < happened < total:
            raise CannotFit("the outcome befell all or nobody, so the data do not say whom it befalls")


@dataclass(frozen=True)
class Fit:
    """The most likely weights: the intercept's, then one per unit of each feature, in log odds.

    `log_likelihood` is the data's (natural logarithm, without the binomial coefficients and the prior), `means` those
    of the features. `is_identified` is whether the data, not the prior, bound every weight; a standard error is
    not-a-number where a feature never varied.
    """

    names: tuple[str, ...]
    weights: Numbers
    standard_errors: Numbers
    means: Numbers
    log_likelihood: float
    is_identified: bool
    customer_count: float


def fit(observed: Observed) -> Fit:
    """The most likely weights of these rows; CannotFit if the rows are wrong or the outcome is everybody's."""
    counts = observed.customer_count
    means = np.einsum("i,ij->j", counts, observed.features) / counts.sum()
    centred = observed.features - means
    deviations = np.sqrt(np.einsum("i,ij->j", counts, centred**2) / counts.sum())
    varies = deviations > 1e-12 * np.maximum(np.abs(means), 1)
    scales = np.where(varies, deviations, 1.0)
    # Each feature's numbers side by side, which is the way that they are summed.
    design = np.asfortranarray(np.column_stack([np.ones(len(counts)), np.where(varies, centred / scales, 0.0)]))
    place, information = _climbed(design, observed)
    # Back to the units of the features: a weight by its scale, the intercept to where all of them are 0.
    back = np.diag(np.concatenate([[1.0], 1 / scales]))
    back[0, 1:] = -means / scales
    covariance = back @ np.linalg.inv(information + _ridge(len(place))) @ back.T
    return Fit(
        names=(INTERCEPT, *observed.names),
        weights=back @ place,
        standard_errors=np.where(np.concatenate([[True], varies]), np.sqrt(np.diag(covariance)), np.nan),
        means=means,
        log_likelihood=_log_likelihood(_sums(design, place), observed),
        is_identified=bool(varies.all() and _is_bounded(place, information)),
        customer_count=float(counts.sum()),
    )


def probability(fitted: Fit, features: Numbers) -> Numbers:
    """The probability, 0 to 1, of the outcome for rows of features, of shape (rows,)."""
    return np.asarray(special.expit(fitted.weights[0] + _sums(features, fitted.weights[1:])))


def _ridge(size: int) -> Numbers:
    """The prior's part of the information; it has no opinion of the intercept."""
    return np.diag([0.0, *[DEVIATION**-2] * (size - 1)])


def _is_bounded(place: Numbers, information: Numbers) -> bool:
    """Whether the data speak louder than the prior in every direction, and weights would hardly move without it."""
    if np.linalg.eigvalsh(information).min() <= DEVIATION**-2:
        return False
    pull = _ridge(len(place)) @ place
    return float(pull @ np.linalg.solve(information, pull)) < LARGEST_SHIFT**2


def _climbed(design: Numbers, observed: Observed) -> tuple[Numbers, Numbers]:
    """The weights at the summit of likelihood and prior, and the data's information there."""
    counts, happened, ridge = observed.customer_count, observed.happened, _ridge(design.shape[1])

    def height(place: Numbers) -> float:
        return _log_likelihood(_sums(design, place), observed) - float(place @ ridge @ place) / 2

    place = np.zeros(design.shape[1])
    place[0] = special.logit(happened.sum() / counts.sum())
    reached = height(place)
    for _ in range(ITERATIONS):
        chance = special.expit(_sums(design, place))
        gradient = np.einsum("ij,i->j", design, happened - counts * chance) - ridge @ place
        information = np.einsum("ij,ik->jk", design * (counts * chance * (1 - chance))[:, None], design)
        if np.max(np.abs(gradient)) < GRADIENT_TOLERANCE * counts.sum():
            break
        step = np.linalg.solve(information + ridge, gradient)
        risen = height(place + step)
        while risen < reached and np.max(np.abs(step)) > SHORTEST_STEP:
            step = step / 2
            risen = height(place + step)
        place, reached = place + step, risen
    return place, information


def _sums(features: Numbers, weights: Numbers) -> Numbers:
    """The weighted sum of each row, on one thread."""
    return np.asarray(np.einsum("ij,j->i", features, weights))


def _log_likelihood(log_odds: Numbers, observed: Observed) -> float:
    return dot(observed.happened, log_odds) + dot(observed.customer_count, special.log_expit(-log_odds))
