"""The failure policy as a type: what became of a load, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from expectations.demands import Severity

Outcome = Literal["clean", "partial", "hopeless", "misshapen"]

DEFAULT_ALLOWANCE = 0.20

# How many demands a reason names; all of them stand in the rules.
_NAMED_IN_REASON = 3


@dataclass(frozen=True)
class RuleResult:
    """One demand on one load: how many rows were checked, and how many broke it."""

    rule: str
    description: str
    severity: Severity
    checked_count: int
    failed_count: int

    @property
    def status(self) -> Literal["passed", "warned", "failed"]:
        """Failed rows fail a critical demand; the others only warn."""
        if not self.failed_count:
            return "passed"
        return "failed" if self.severity == "critical" else "warned"


@dataclass(frozen=True)
class Verdict:
    """What became of a load.

    `outcome` is what arrived; a load that is refused for it is accepted once somebody has released it.
    """

    outcome: Outcome
    is_released: bool
    reason: str
    rows_read: int
    rows_valid: int
    rows_quarantined: int
    rows_duplicate: int
    rules: tuple[RuleResult, ...]

    @property
    def is_accepted(self) -> bool:
        """Whether the surviving rows go on into the warehouse."""
        return self.is_released or self.outcome in ("clean", "partial")

    def to_dict(self) -> dict[str, Any]:
        """As plain data for JSON, with what follows from the rest."""
        rules = [{**asdict(rule), "status": rule.status} for rule in self.rules]
        return {**asdict(self), "is_accepted": self.is_accepted, "rules": rules}

    @classmethod
    def from_dict(cls, written: Mapping[str, Any]) -> "Verdict":
        """The verdict that `to_dict` wrote."""
        rules = tuple(
            RuleResult(**{name: value for name, value in rule.items() if name != "status"}) for rule in written["rules"]
        )
        plain = {name: value for name, value in written.items() if name != "is_accepted"}
        return cls(**{**plain, "rules": rules})


def decide(
    *,
    rows_read: int,
    rows_duplicate: int,
    rows_refused: int,
    row_rules: Sequence[RuleResult],
    table_rules: Sequence[RuleResult],
    load_id: str,
    misshapen: str | None = None,
    allowance: float = DEFAULT_ALLOWANCE,
    is_released: bool = False,
) -> Verdict:
    """The verdict on a load of which so many rows break a critical demand.

    `misshapen` says why the load is no load of its table at all, if it is none.
    """
    judged = rows_read - rows_duplicate
    outcome = _outcome(judged, rows_refused, misshapen=misshapen, allowance=allowance)
    is_accepted = is_released or outcome in ("clean", "partial")
    valid = judged - rows_refused if is_accepted else 0
    why = misshapen or _lost(rows_refused, judged, row_rules)
    return Verdict(
        outcome=outcome,
        is_released=is_released,
        reason=_reason(outcome, why, load_id, allowance=allowance, is_released=is_released),
        rows_read=rows_read,
        rows_valid=valid,
        rows_quarantined=judged - valid,
        rows_duplicate=rows_duplicate,
        rules=(*row_rules, *table_rules),
    )


def _outcome(judged: int, refused: int, *, misshapen: str | None, allowance: float) -> Outcome:
    if misshapen:
        return "misshapen"
    if not refused:
        return "clean"
    return "hopeless" if refused == judged or refused > allowance * judged else "partial"


def _lost(refused: int, judged: int, rules: Sequence[RuleResult]) -> str:
    """How many rows are refused and what for, most frequent first."""
    failed = [rule for rule in rules if rule.status == "failed"]
    worst = sorted(failed, key=lambda rule: -rule.failed_count)[:_NAMED_IN_REASON]
    broken = "; ".join(f'{rule.failed_count:,} break "{rule.description}"' for rule in worst)
    return f"{refused:,} of {judged:,} rows ({refused / judged:.1%}) are refused: {broken}" if judged else ""


def _reason(outcome: Outcome, why: str, load_id: str, *, allowance: float, is_released: bool) -> str:
    if outcome == "clean":
        return "Every row keeps every critical demand."
    if outcome == "partial":
        return f"{why}. Correct them at the source; a later load brings them again."
    if is_released:
        return f"{why}. Somebody has accepted the load nevertheless."
    limit = "" if outcome == "misshapen" else f", and no more than {allowance:.0%} may be"
    return f"{why}{limit}. Correct the source and load again, or accept it with --accept-load {load_id}."
