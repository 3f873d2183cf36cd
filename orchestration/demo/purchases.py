"""Who ordered when and for how much: the buying process, beside everything that only looks like it."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from orchestration.demo.accounts import Accounts
from orchestration.demo.buying import Buyers, BuyingProcess, Purchases, draw_buyers, simulate
from orchestration.demo.draws import Booleans, Floats, Integers, chance, stream
from orchestration.demo.people import People
from orchestration.demo.period import DAY, Season, instants

BUYER_SHARE = 0.9
GUEST_SHARE = 0.05
CANCELLED_SHARE = 0.03
PENDING_SHARE = 0.006
TRIAL_SHARE = 0.01
TEST_SHARE = 0.004
RETURNED_SHARE = 0.03
NOBODY = -1


@dataclass(frozen=True)
class Orders:
    """Every order in order of time; `person` is NOBODY for a guest, value is in units before any refund."""

    person: Integers
    at: Floats
    value: Floats
    status: pl.Series
    is_trial: Booleans
    is_test: Booleans

    @property
    def count(self) -> int:
        """Number of orders."""
        return len(self.person)

    @property
    def is_bought(self) -> Booleans:
        """Whether the order is one that counts: completed or returned, no trial, no test."""
        is_done = self.status.is_in(["completed", "returned"]).to_numpy()
        bought: Booleans = is_done & ~self.is_trial & ~self.is_test
        return bought

    @property
    def ids(self) -> pl.Series:
        """Order numbers, counting up over time."""
        number = pl.Series(np.arange(self.count) + 1).cast(pl.String).str.zfill(8)
        return pl.select(pl.format("S{}", number)).to_series().alias("order_id")


@dataclass(frozen=True)
class Trade:
    """The orders, and the truth about those who bought: one row per buyer."""

    orders: Orders
    buyers: pl.DataFrame
    buyer: Integers
    dropped_out_at: Floats

    def dropout_at(self, people: int) -> Floats:
        """When each person dropped out; never for those who are alive or never bought."""
        at = np.full(people, np.inf)
        at[self.buyer] = np.where(np.isnan(self.dropped_out_at), np.inf, self.dropped_out_at)
        return at


def trade(people: People, shop: Accounts, season: Season, seed: int) -> Trade:
    """Every order of the period, and the truth about its buyers."""
    rng = stream(seed, "buying")
    process = BuyingProcess()
    # Most people buy as they join; the others think about it for some days.
    hesitation = np.where(rng.random(people.count) < 0.5, 0.01, rng.exponential(14, people.count))
    first = people.joined + hesitation
    may_buy = shop.knows & ~people.is_contact & chance(rng, BUYER_SHARE, people.count)
    person = np.flatnonzero(may_buy & (first < season.length))
    buyers = draw_buyers(rng, len(person), process)
    purchases = simulate(rng, buyers, first=first[person], horizon=season.length, process=process)
    offset = people.utc_offset_hours[person]
    at = season.seconds(purchases.at, offset[purchases.buyer])
    orders = _with_everything_else(
        rng, person=person[purchases.buyer], at=at, value=purchases.value, people=people, season=season
    )
    dropout_at = season.seconds(purchases.dropout_at, people.utc_offset_hours[person])
    truth = _truth(people, person, buyers, purchases=purchases, dropout_at=dropout_at)
    return Trade(orders, truth, person, dropout_at)


def _with_everything_else(
    rng: np.random.Generator,
    *,
    person: Integers,
    at: Floats,
    value: Floats,
    people: People,
    season: Season,
) -> Orders:
    """The purchases, and beside them guests, orders that came to nothing, trials and tests."""
    count, closes_at = len(person), season.period.closes_at
    kinds = ("guest", "cancelled", "pending", "trial", "test")
    shares = (GUEST_SHARE / (1 - GUEST_SHARE), CANCELLED_SHARE, PENDING_SHARE, TRIAL_SHARE, TEST_SHARE)
    numbers = [max(3, round(count * share)) for share in shares]
    kind = np.repeat(np.arange(len(kinds)), numbers)
    who = rng.integers(0, people.count, len(kind)) if not count else person[rng.integers(0, count, len(kind))]
    when = people.joined_at[who] + rng.random(len(kind)) * (closes_at - people.joined_at[who])
    when = np.where(kind == 0, season.seconds(season.length * rng.random(len(kind))), when)
    when = np.where(kind == 2, np.maximum(closes_at - 5 * DAY * rng.random(len(kind)), when), when)
    # A guest buys on the last day, so that the newest order never lies far back in a small company.
    when[0] = closes_at - DAY / 3
    worth = np.where(kind == 3, 0.0, rng.gamma(3.0, 12.0, len(kind)))
    who = np.where(kind == 0, NOBODY, who)
    status = np.where(kind == 1, 1, np.where(kind == 2, 2, 0))
    returned = np.where(chance(rng, RETURNED_SHARE, count), 3, 0)
    order = np.argsort(np.concatenate((at, when)), kind="stable")
    kind = np.concatenate((np.full(count, -1), kind))[order]
    names = pl.Series(["completed", "cancelled", "pending", "returned"])
    return Orders(
        person=np.concatenate((person, who))[order],
        at=np.floor(np.concatenate((at, when)))[order],
        value=np.concatenate((value, worth))[order],
        status=names.gather(np.concatenate((returned, status))[order]).alias("status"),
        is_trial=kind == 3,
        is_test=kind == 4,
    )


def _truth(
    people: People,
    person: Integers,
    buyers: Buyers,
    *,
    purchases: Purchases,
    dropout_at: Floats,
) -> pl.DataFrame:
    """One row per buyer: what a model of the buying process should find again."""
    return pl.DataFrame(
        {
            "person_id": people.frame.get_column("person_id").gather(person),
            "purchase_rate_per_day": buyers.rate,
            "dropout_probability": buyers.dropout_probability,
            "mean_purchase_value_units": buyers.mean_value,
            "purchase_count": np.bincount(purchases.buyer, minlength=len(person)),
            "dropped_out_at": instants("dropped_out_at", dropout_at),
            "is_test": people.is_test[person],
        },
    )
