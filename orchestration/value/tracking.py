"""Repeat orders week by week: what a model fitted at a cut-off says of them, before it and after, beside what came."""

from dataclasses import dataclass

import numpy as np

from orchestration.value import buying
from orchestration.value.buying import Family
from orchestration.value.cells import Numbers, dot

WEEK = 7


@dataclass(frozen=True)
class Newcomers:
    """Who had ordered by a cut-off, by days from the first order to it, and the days of their repeat orders.

    `repeated_after` counts days from the cut-off, negative before it; `known_days` is how many days after it are over.
    """

    age: Numbers
    customer_count: Numbers
    repeated_after: Numbers
    repeat_count: Numbers
    known_days: int


@dataclass(frozen=True)
class Tracked:
    """Repeat order days of each whole week, expected and actual; `ends_after` counts days from the cut-off to its end.

    Weeks are counted from the cut-off, so that one ends with it.
    """

    ends_after: Numbers
    expected: Numbers
    actual: Numbers

    @property
    def cumulative_error(self) -> float | None:
        """How far off the total so far was at the end of a week after the cut-off, as a share of it, on average."""
        pairs = np.cumsum(self.expected), np.cumsum(self.actual)
        return self._mean_error(*pairs)

    @property
    def weekly_error(self) -> float | None:
        """How far off the weeks after the cut-off were, as a share of what came in them, on average."""
        return self._mean_error(self.expected, self.actual)

    def _mean_error(self, expected: Numbers, actual: Numbers) -> float | None:
        """None where nothing came, of which nothing is a share."""
        told = (self.ends_after > 0) & (actual > 0)
        return float(np.mean(np.abs(expected[told] / actual[told] - 1))) if told.any() else None


def tracked(parameters: Numbers, newcomers: Newcomers, *, family: Family = "mbg_nbd") -> Tracked:
    """Each week of repeat orders of these buyers, by a model in days that is fitted at the cut-off.

    That a newcomer orders again so often within t days, E[X(t)], is what is expected of a buyer of frequency and age
    0: Fader, Hardie and Lee 2005, equation 9 for BG/NBD; in MBG/NBD the buyer may have dropped out at once.
    """
    oldest = float(newcomers.age.max(initial=0))
    first, last = -(int(oldest // WEEK) + 1), newcomers.known_days // WEEK
    edges = WEEK * np.arange(first, last + 1, dtype=np.intp)
    days = np.arange(int(oldest) + WEEK * last + 1, dtype=np.float64)
    by_day = buying.expected_orders(parameters, 0, 0, 0, days, family=family)
    distinct, places = np.unique(newcomers.age, return_inverse=True)
    counts = np.bincount(places, weights=newcomers.customer_count).astype(np.float64)
    totals = [dot(counts, by_day[np.maximum(distinct.astype(np.intp) + edge, 0)]) for edge in edges]
    week = np.searchsorted(edges, newcomers.repeated_after, side="left") - 1
    inside = (week >= 0) & (week < len(edges) - 1)
    actual = np.bincount(week[inside], weights=newcomers.repeat_count[inside], minlength=len(edges) - 1)
    return Tracked(edges[1:].astype(np.float64), np.diff(totals), actual.astype(np.float64))
