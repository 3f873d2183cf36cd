"""Companies whose buyers order as MBG/NBD says or by the clock, as a model of risk sees them at three cut-offs."""

from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from orchestration.value.risk import Watched

AS_OF, HORIZON, LAPSE = date(2026, 6, 30), 60, 150
SPAN = 720


def watched(customer: NDArray, day: NDArray, observed: int, *, horizon: int, lapse: int, last: int) -> Watched:
    """Buyers as of a day, by order days counted from the first of all; `last` is the as-of day."""
    known = day <= observed
    customers, places = np.unique(customer[known], return_inverse=True)
    first, latest = np.full(len(customers), np.inf), np.full(len(customers), -np.inf)
    np.minimum.at(first, places, day[known])
    np.maximum.at(latest, places, day[known])
    recent = np.bincount(places, weights=day[known] > observed - horizon)
    is_at_risk = observed - latest < lapse
    came = np.isin(customers, customer[(day > observed) & (day <= observed + horizon)])
    return Watched(
        AS_OF - timedelta(days=last - observed),
        horizon,
        np.bincount(places) - 1.0,
        latest - first,
        observed - first,
        recent,
        is_at_risk.astype(float),
        came.astype(float),
        np.ones(len(customers)),
    )


def at_cut_offs(customer: NDArray, day: NDArray, last: int, horizon: int, lapse: int) -> tuple[Watched, ...]:
    days = (last - 3 * horizon, last - 2 * horizon, last - horizon)
    return tuple(watched(customer, day, of, horizon=horizon, lapse=lapse, last=last) for of in days)


def drawn(number: int, *, seed: int, is_clockwork: bool = False) -> tuple[NDArray, NDArray]:
    """Customers and days of orders as MBG/NBD says, or of buyers who order by the clock until they stop."""
    draw = np.random.default_rng(seed)
    rate, leave = draw.gamma(1.2, 1 / 40, number), draw.beta(0.8, 2.5, number)
    gap = draw.uniform(15, 45, number)
    now, found = draw.uniform(0, 400, number), []
    active = np.arange(number)
    while len(active):
        found.append(np.stack([active, np.floor(now[active])]))
        active = active[draw.random(len(active)) >= (0.1 if is_clockwork else leave[active])]
        wait = draw.normal(gap[active], 3) if is_clockwork else draw.exponential(1 / rate[active])
        now[active] += np.maximum(wait, 1 if is_clockwork else 0)
        active = active[now[active] <= SPAN]
    customer, day = np.unique(np.concatenate(found, axis=1), axis=1)
    return customer, day
