"""Who will not order soon, learnt from who did not before: tried against the chance that MBG/NBD gives."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from orchestration.value import buying, logistic
from orchestration.value.cells import CannotFit, Cells, Numbers, cells_of, dot
from orchestration.value.holdout import Discernment, discerned

FEATURES = ("log_frequency", "log_silence_days", "log_age_days", "overdue_ratio", "recent_count")
# So many gaps of everybody's mean length stand beside the buyer's own, which are few; fct_churn_risk reckons alike.
GAPS_OF_ALL = 3
CUT_OFFS = 3


@dataclass(frozen=True)
class Watched:
    """Buyers on a day by their histories up to it, and whether they ordered in the horizon after; as counted cells.

    Times are in days; `frequency`, `recency` and `age` are as in `Cells`, `recent` is the order days in as long a
    time up to that day as the horizon is. Only who `is_at_risk`, neither lapsed nor under contract, is foretold;
    the default model is fitted to all. All arrays are one-dimensional and of one length.
    """

    observed_on: date
    horizon_days: int
    frequency: Numbers
    recency: Numbers
    age: Numbers
    recent: Numbers
    is_at_risk: Numbers
    has_ordered: Numbers
    customer_count: Numbers

    @property
    def columns(self) -> tuple[Numbers, ...]:
        """What is known per cell."""
        history = (self.frequency, self.recency, self.age, self.recent)
        return (*history, self.is_at_risk, self.has_ordered, self.customer_count)

    @property
    def cells(self) -> Cells:
        """The histories of all, without what came."""
        return cells_of(self.frequency, self.recency, self.age, self.customer_count)

    @property
    def at_risk(self) -> "Watched":
        """Those who are foretold."""
        return Watched(self.observed_on, self.horizon_days, *(of[self.is_at_risk > 0] for of in self.columns))

    @property
    def mean_gap(self) -> float:
        """Days from one order day to the next, of all who came back."""
        gaps = dot(self.frequency, self.customer_count)
        return dot(self.recency, self.customer_count) / gaps if gaps else float("nan")

    @property
    def silent(self) -> Numbers:
        """How many of each cell did not order."""
        return np.asarray(self.customer_count * (1 - self.has_ordered))


@dataclass(frozen=True)
class Trial:
    """A model and the default, each as known on a later cut-off, held against what came after it."""

    model: Discernment
    default: Discernment

    @property
    def is_beaten(self) -> bool:
        """Whether the default was as good by either measure."""
        return not self.model.is_better_than(self.default)


@dataclass(frozen=True)
class Trained:
    """A logistic model of no order within the horizon, learnt at a cut-off; the newest cut-off leaves no trial.

    `mean_gap_days` is that of the buyers it was learnt from: a part of the model, as its weights are.
    """

    fit: logistic.Fit
    mean_gap_days: float
    horizon_days: int
    fitted_through: date
    trial: Trial | None

    def probability(self, watched: Watched) -> Numbers:
        """The probability, 0 to 1, of no order within the horizon, per cell."""
        return logistic.probability(self.fit, features(watched, self.mean_gap_days))


def features(watched: Watched, mean_gap_days: float) -> Numbers:
    """What the model goes by, of shape (cells, FEATURES): nothing but the history up to the day."""
    silence = watched.age - watched.recency
    usual_gap = (watched.recency + GAPS_OF_ALL * mean_gap_days) / (watched.frequency + GAPS_OF_ALL)
    return np.column_stack(
        [np.log1p(watched.frequency), np.log1p(silence), np.log1p(watched.age), silence / usual_gap, watched.recent]
    )


def trained(cut_offs: Sequence[Watched], *, minimum_count: int) -> tuple[Trained, ...]:
    """A model per cut-off, oldest first, each but the newest tried on the next; none where there is too little.

    A model learnt at a cut-off knows what came up to the next one, as the default does that is fitted there: both
    know what a run of that day would have known.
    """
    if len(cut_offs) < CUT_OFFS:
        return ()
    try:
        fits = [_fitted(cut.at_risk, minimum_count) for cut in cut_offs]
    except CannotFit:
        return ()
    later = [*cut_offs[1:], None]
    return tuple(_tried(cut, fit, after) for cut, fit, after in zip(cut_offs, fits, later, strict=True))


def is_better(models: Sequence[Trained]) -> bool:
    """Whether the default is to be replaced: it lost every trial."""
    trials = [model.trial for model in models if model.trial]
    return bool(trials) and not any(trial.is_beaten for trial in trials)


def _fitted(at_risk: Watched, minimum_count: int) -> logistic.Fit:
    silent, total = float(at_risk.silent.sum()), float(at_risk.customer_count.sum())
    if min(silent, total - silent) < minimum_count:
        raise CannotFit(f"fewer than {minimum_count} ordered, or did not, after {at_risk.observed_on}")
    known = features(at_risk, at_risk.mean_gap)
    return logistic.fit(logistic.Observed(FEATURES, known, at_risk.silent, at_risk.customer_count))


def _tried(cut: Watched, fit: logistic.Fit, after: Watched | None) -> Trained:
    until = cut.observed_on + timedelta(days=cut.horizon_days)
    model = Trained(fit, cut.at_risk.mean_gap, cut.horizon_days, until, trial=None)
    return model if after is None else replace(model, trial=_trial(model, after))


def _trial(model: Trained, after: Watched) -> Trial:
    at_risk, default = after.at_risk, buying.fit(after.cells).parameters
    history = (at_risk.frequency, at_risk.recency, at_risk.age)
    silence = 1 - buying.probability_of_order(default, *history, after.horizon_days)
    return Trial(
        discerned(model.probability(at_risk), at_risk.silent, at_risk.customer_count),
        discerned(silence, at_risk.silent, at_risk.customer_count),
    )
