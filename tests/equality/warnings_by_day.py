"""Warnings of drops told by walking through the days of one customer, as a person would with a calendar."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import numpy as np

Spell = tuple[str, date, date | None]
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Rules:
    """The parameters of warnings."""

    recent_days: int
    baseline_days: int
    baseline_count: int
    drop_ratio: float
    recovery_ratio: float
    gap_quantile: float


@dataclass(frozen=True)
class Customer:
    """What was done on which day and what it brought, the days of orders that count, and when there was one to lose."""

    active_days: Sequence[date]
    spent: Mapping[date, float]
    order_days: Sequence[date]
    loseable: Sequence[tuple[date, date | None]]


def spells(customer: Customer, rules: Rules, usual_gaps: Mapping[date, float], as_of: date) -> Iterator[Spell]:
    """Every warning of the three rules, with the first day on which it does no more hold."""
    found = [
        *_drops("activity_drop", dict.fromkeys(customer.active_days, 1.0), rules, as_of),
        *_drops("spend_drop", customer.spent, rules, as_of),
        *_gaps(customer.order_days, rules, usual_gaps, as_of),
    ]
    for rule, opened, closed in found:
        for begins, ends in customer.loseable:
            first = max(opened, begins)
            last = min([day for day in (closed, ends) if day and day <= as_of], default=None)
            if first <= as_of and (ends is None or first < ends) and (last is None or first < last):
                yield rule, first, last


def _drops(rule: str, figures: Mapping[date, float], rules: Rules, as_of: date) -> Iterator[Spell]:
    opened, day = None, min(figures, default=as_of)
    while day <= as_of:
        turns_recent, turns_usual = (day - timedelta(days=span) for span in _spans(rules))
        observed = sum(value for on, value in figures.items() if turns_recent < on <= day)
        usual = sum(value for on, value in figures.items() if turns_usual < on <= turns_recent)
        baseline = usual * rules.recent_days / rules.baseline_days
        has_baseline = sum(turns_usual < on <= turns_recent for on in figures) >= rules.baseline_count
        if opened is None and has_baseline and observed <= (1 - rules.drop_ratio) * baseline:
            opened = day
        recovers = observed > (1 - rules.drop_ratio) * baseline and observed >= rules.recovery_ratio * baseline
        if opened is not None and day in figures and recovers:
            yield rule, opened, day
            opened = None
        day += ONE_DAY
    if opened is not None:
        yield rule, opened, None


def _spans(rules: Rules) -> tuple[int, int]:
    return rules.recent_days, rules.recent_days + rules.baseline_days


def _gaps(order_days: Sequence[date], rules: Rules, usual_gaps: Mapping[date, float], as_of: date) -> Iterator[Spell]:
    gaps: list[int] = []
    for number, ordered in enumerate(order_days):
        if number:
            gaps.append((ordered - order_days[number - 1]).days)
        longest = usual_gaps.get(ordered.replace(day=1)) if gaps else None
        if len(gaps) >= rules.baseline_count:
            longest = float(np.quantile(gaps, rules.gap_quantile))
        following = order_days[number + 1] if number + 1 < len(order_days) else None
        day = ordered
        while longest is not None and day <= as_of and day != following:
            if (day - ordered).days > round(longest, 6):
                yield "frequency_drop", day, following
                break
            day += ONE_DAY


def usual_gaps(of_customers: Sequence[Sequence[date]], rules: Rules, minimum: int) -> Mapping[date, float]:
    """By month, what was usual in the one before."""
    ended: dict[date, list[int]] = {}
    for order_days in of_customers:
        for former, ordered in pairwise(order_days):
            ended.setdefault((ordered.replace(day=28) + timedelta(days=4)).replace(day=1), []).append(
                (ordered - former).days
            )
    return {
        month: float(np.quantile(gaps, rules.gap_quantile)) for month, gaps in ended.items() if len(gaps) >= minimum
    }
