"""What a model foretold held against what came, and against who simply expects the last period again."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from orchestration.value.cells import Numbers, dot

TOP_SHARE = 0.1


@dataclass(frozen=True)
class Foretold:
    """Buyers at a cut-off: orders expected after it, orders in as long a time before it, and what came."""

    expected: Numbers
    probability: Numbers
    frequency: Numbers
    former: Numbers
    actual: Numbers
    customer_count: Numbers


def together(foretold: Sequence[Foretold]) -> Foretold:
    """The buyers of all cut-offs."""
    columns = [[getattr(one, name) for one in foretold] for name in Foretold.__dataclass_fields__]
    return Foretold(*(np.concatenate(column) for column in columns))


@dataclass(frozen=True)
class Errors:
    """How far predictions were off, per customer: mean absolute and root mean squared error, the relative error of
    the total, the mean Poisson deviance, and the share of what came that the best-ranked tenth of customers brought.
    """

    mean_absolute: float
    root_mean_square: float
    bias_ratio: float | None
    deviance: float
    top_decile_share: float | None


@dataclass(frozen=True)
class Verdict:
    """The model's errors and those of the repetition of the last period, over all cut-offs together."""

    model: Errors
    repetition: Errors

    @property
    def is_beaten(self) -> bool:
        """Whether repetition was no worse in most of three measures: then the model is not worth its parameters.

        One of them alone can mislead: where most customers order nothing, the mean absolute error favours who
        foretells nothing, though no total comes out right then.
        """
        if not np.isfinite(self.model.mean_absolute):
            return True
        top = self.model.top_decile_share or 0, self.repetition.top_decile_share or 0
        losses = (
            self.model.mean_absolute >= self.repetition.mean_absolute,
            self.model.root_mean_square >= self.repetition.root_mean_square,
            top[0] < top[1],
        )
        return bool(sum(losses) >= 2)


def judged(foretold: Foretold) -> Verdict:
    """Both predictions held against what came."""
    return Verdict(_errors(foretold, foretold.expected), _errors(foretold, foretold.former))


def _errors(foretold: Foretold, predicted: Numbers) -> Errors:
    counts, actual = foretold.customer_count, foretold.actual
    total, brought = float(counts.sum()), dot(actual, counts)
    off = predicted - actual
    return Errors(
        mean_absolute=dot(np.abs(off), counts) / total,
        root_mean_square=float(np.sqrt(dot(off**2, counts) / total)),
        bias_ratio=dot(predicted, counts) / brought - 1 if brought else None,
        deviance=dot(_deviances(actual, predicted), counts) / total,
        top_decile_share=_top_share(predicted, foretold) / brought if brought else None,
    )


def _deviances(actual: Numbers, predicted: Numbers) -> Numbers:
    floor = np.maximum(predicted, 1e-3)
    return np.asarray(2 * (special.xlogy(actual, np.maximum(actual, 1) / floor) - actual + floor))


def is_better(one: Foretold, other: Foretold) -> bool:
    """Whether the first foretold the same buyers better than the second, by more than chance.

    Its mean Poisson deviance must be lower by more than the standard error of the difference, the usual rule by which
    the simpler of two models is kept; and its mean squared error must not be higher by more than that. Both are least
    for who foretells the mean of what will come. The mean absolute error is least for its median, which is 0 of most
    buyers, so that it would favour whoever foretells too little.
    """
    actual, counts = one.actual, one.customer_count
    deviance = _deviances(actual, other.expected) - _deviances(actual, one.expected)
    squares = (other.expected - actual) ** 2 - (one.expected - actual) ** 2
    return _in_errors(deviance, counts) > 1 and _in_errors(squares, counts) >= -1


def _in_errors(gains: Numbers, counts: Numbers) -> float:
    """The mean gain of customers in its standard errors; 0 where nobody gains or loses."""
    total = float(counts.sum())
    gain = dot(gains, counts) / total
    error = float(np.sqrt(dot((gains - gain) ** 2, counts))) / total
    return gain / error if error else 0.0


def _top_share(predicted: Numbers, foretold: Foretold) -> float:
    """What the tenth of customers with the greatest predictions brought; of equal ones a fair part."""
    distinct, places = np.unique(-predicted, return_inverse=True)
    counts = np.bincount(places, weights=foretold.customer_count, minlength=len(distinct))
    per_customer = foretold.customer_count * foretold.actual
    brought = np.bincount(places, weights=per_customer, minlength=len(distinct)).astype(np.float64)
    before = np.cumsum(counts) - counts
    part = np.clip((TOP_SHARE * counts.sum() - before) / counts, 0, 1)
    return dot(part, brought)


@dataclass(frozen=True)
class Discernment:
    """How well probabilities tell whom an outcome befell: the mean squared error (Brier 1950, Monthly Weather Review
    78(1)), which also asks for the right level, and the area under the ROC curve, the chance that of two people, one
    whom it befell and one whom it did not, the former was given more (Hanley and McNeil 1982, Radiology 143(1)).
    """

    brier: float
    auc: float

    def is_better_than(self, other: "Discernment") -> bool:
        """Whether both are; not-a-number is better than nothing."""
        return self.brier < other.brier and self.auc > other.auc


def discerned(probability: Numbers, happened: Numbers, customer_count: Numbers) -> Discernment:
    """The probabilities of rows held against how many of each row's people the outcome befell; all of one length."""
    distinct, places = np.unique(probability, return_inverse=True)
    yes = np.bincount(places, weights=happened, minlength=len(distinct)).astype(np.float64)
    no = np.bincount(places, weights=customer_count - happened, minlength=len(distinct)).astype(np.float64)
    squares = dot(yes, (1 - distinct) ** 2) + dot(no, distinct**2)
    pairs = yes.sum() * no.sum()
    # Of equals half are taken to be ranked rightly.
    right = dot(yes, np.cumsum(no) - no / 2)
    return Discernment(squares / float(customer_count.sum()), right / float(pairs) if pairs else float("nan"))


@dataclass(frozen=True)
class Bin:
    """Customers who were foretold much the same: how many, what was expected of them and what came."""

    bin_type: str
    bin_number: int
    customer_count: int
    expected: float
    actual: float
    probability: float
    ordered_ratio: float


def calibration(foretold: Foretold) -> list[Bin]:
    """By tenths of the probability to order, and by how often customers had come back: 0 to 6, then 7 and more."""
    order = np.argsort(foretold.probability, kind="stable")
    counts = foretold.customer_count[order]
    middle = np.cumsum(counts) - counts / 2
    decile = np.empty(len(order), dtype=np.intp)
    decile[order] = np.minimum((middle / counts.sum() * 10).astype(np.intp), 9) + 1
    frequency = np.minimum(foretold.frequency, 7).astype(np.intp)
    return [*_bins("decile", decile, foretold), *_bins("frequency", frequency, foretold)]


def _bins(bin_type: str, numbers: np.ndarray, foretold: Foretold) -> list[Bin]:
    found = []
    for number in np.unique(numbers):
        inside = numbers == number
        counts = foretold.customer_count[inside]
        total = counts.sum()
        found.append(
            Bin(
                bin_type=bin_type,
                bin_number=int(number),
                customer_count=int(total),
                expected=dot(foretold.expected[inside], counts),
                actual=dot(foretold.actual[inside], counts),
                probability=dot(foretold.probability[inside], counts) / total,
                ordered_ratio=dot((foretold.actual[inside] > 0).astype(np.float64), counts) / total,
            )
        )
    return found
