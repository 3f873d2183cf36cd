"""Whether one model foretells all buyers, or one per segment foretells them better: what the cut-offs say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from orchestration.value.holdout import Foretold, Verdict, is_better, judged, together

# As at acquisition, in the order in which they are preferred where they foretell equally well.
TYPES = ("channel", "country")


@dataclass(frozen=True, eq=False)
class Trial:
    """What was foretold by segments of a type, or by the model of all: of everybody, at each cut-off.

    `own` is what a segment's own model foretold of its buyers, at those cut-offs at which it had enough for one; the
    rest was foretold by the model of all.
    """

    segment_type: str
    foretold: tuple[Foretold, ...]
    own: Mapping[str, tuple[Foretold, ...]]

    @cached_property
    def verdict(self) -> Verdict:
        """How everybody was foretold, over all cut-offs."""
        return judged(together(self.foretold))

    def verdict_of(self, segment_value: str) -> Verdict | None:
        """How the buyers of a segment were foretold by its own model, if it had one at any cut-off."""
        own = self.own.get(segment_value)
        if own is self.foretold:
            return self.verdict
        return judged(together(own)) if own else None

    @property
    def deviance(self) -> float:
        """Mean Poisson deviance over all cut-offs."""
        return self.verdict.model.deviance


def chosen(plain: Trial, trials: Sequence[Trial]) -> Trial:
    """The trial of least deviance among those that were better than the model of all at every cut-off, else its own.

    One cut-off alone may favour a segment by a season or a fashion. More parameters foretell better by chance as
    often as not, hence the margin that `holdout.is_better` asks for.
    """
    better = [
        trial
        for trial in trials
        if all(is_better(one, other) for one, other in zip(trial.foretold, plain.foretold, strict=True))
    ]
    return min(better, key=lambda trial: trial.deviance, default=plain)


def reason(plain: Trial, trials: Sequence[Trial], choice: Trial) -> str | None:
    """Why buyers are scored by segments or by one model, in a sentence; nothing where there is but one segment."""
    if not trials:
        return None
    tried = " and ".join(f"{trial.deviance:.4f} per {trial.segment_type}" for trial in trials)
    deviances = f"mean Poisson deviance {plain.deviance:.4f} of one model for all, {tried}"
    if choice is plain:
        return f"One model foretells all buyers; segments were no better beyond chance at both cut-offs ({deviances})."
    return (
        f"Each {choice.segment_type} of enough buyers has a model of its own, as that was better beyond chance at both "
        f"cut-offs ({deviances})."
    )
