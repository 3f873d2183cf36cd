"""The buying process, whose true parameters are known: customers buy until they die.

Every buyer buys at a rate of its own, drawn from a gamma distribution (shape r, rate alpha, in days of
average business); after each purchase, the first included, the buyer drops out with a probability of its
own, drawn from a beta distribution (a, b). That is the MBG/NBD model. What a purchase is worth is drawn
from a gamma distribution of shape p, whose rate is the buyer's own, drawn from a gamma distribution of
shape q and rate v. That is the Gamma-Gamma model. Rate, dropout and worth are independent of each other.
"""

from dataclasses import dataclass

import numpy as np

from orchestration.demo.draws import Floats, Integers


@dataclass(frozen=True)
class BuyingProcess:
    """The true parameters; value is in units of about one US dollar."""

    r: float = 0.55
    alpha: float = 60.0
    a: float = 0.8
    b: float = 2.5
    p: float = 6.25
    q: float = 3.74
    v: float = 15.44


@dataclass(frozen=True)
class Buyers:
    """What nobody sees: each buyer's rate per day, probability of dropout, and mean value of a purchase."""

    rate: Floats
    dropout_probability: Floats
    mean_value: Floats


@dataclass(frozen=True)
class Purchases:
    """Every purchase in order of time within its buyer; dropout is the time of it, nothing if still alive."""

    buyer: Integers
    at: Floats
    value: Floats
    dropout_at: Floats


def draw_buyers(rng: np.random.Generator, count: int, process: BuyingProcess) -> Buyers:
    """So many buyers of the process."""
    rate = rng.gamma(process.r, 1 / process.alpha, count)
    dropout_probability = rng.beta(process.a, process.b, count)
    mean_value = process.p / rng.gamma(process.q, 1 / process.v, count)
    return Buyers(rate, dropout_probability, mean_value)


def simulate(
    rng: np.random.Generator,
    buyers: Buyers,
    *,
    first: Floats,
    horizon: float,
    process: BuyingProcess,
) -> Purchases:
    """The purchases of the buyers from their first one to the horizon, both in days of business."""
    alive, now = np.arange(len(first)), first.copy()
    dropout_at = np.full(len(first), np.nan)
    who: list[Integers] = []
    when: list[Floats] = []
    while len(alive):
        who.append(alive)
        when.append(now)
        is_leaving = rng.random(len(alive)) < buyers.dropout_probability[alive]
        dropout_at[alive[is_leaving]] = now[is_leaving]
        alive, now = alive[~is_leaving], now[~is_leaving]
        now = now + rng.exponential(1 / np.maximum(buyers.rate[alive], 1e-12))
        alive, now = alive[now < horizon], now[now < horizon]
    buyer, at = np.concatenate(who), np.concatenate(when)
    order = np.lexsort((at, buyer))
    buyer, at = buyer[order], at[order]
    value = rng.gamma(process.p, buyers.mean_value[buyer] / process.p)
    return Purchases(buyer, at, value, dropout_at)
