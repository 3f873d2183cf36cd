"""The loyalty programme: points earned by orders and redeemed, expired or taken back lot by lot."""

import numpy as np
import polars as pl

from orchestration.demo.accounts import Accounts
from orchestration.demo.draws import Booleans, Floats, Integers, chance, stream, where
from orchestration.demo.numbering import numbered
from orchestration.demo.people import People
from orchestration.demo.period import DAY, Period, instants, local_dates
from orchestration.demo.purchases import NOBODY, Orders
from orchestration.demo.shop import Books

MEMBER_SHARE = 0.6
VALID_DAYS = 365
WELCOME_SHARE = 0.1


def loyalty_movements(
    orders: Orders,
    books: Books,
    people: People,
    shop: Accounts,
    *,
    period: Period,
    seed: int,
) -> pl.DataFrame:
    """One row per movement; a lot is used up or lost whole, so no balance is negative."""
    rng = stream(seed, "loyalty")
    is_member = chance(rng, MEMBER_SHARE, people.count) & ~people.is_test
    order = np.flatnonzero(orders.is_bought & (orders.person != NOBODY) & is_member[orders.person])
    order = order[books.net_cents[order] >= 100]
    count = len(order)
    earned_at = orders.at[order]
    reversed_at = books.refunded_in_full_at[order]
    redeemed_at = earned_at + rng.exponential(120, count) * DAY
    is_redeemed = chance(rng, 0.35, count) & np.isnan(reversed_at) & (redeemed_at < earned_at + 350 * DAY)
    is_expired = np.isnan(reversed_at) & ~is_redeemed
    lot = _Lots(shop.ids(orders.person[order]), books.net_cents[order] // 100, orders.ids.gather(order))
    expires_at = earned_at + VALID_DAYS * DAY
    # One day longer than the last day of use, as the till sweeps at night.
    fates = [
        ("earn", 1, earned_at),
        ("redeem", -1, where(is_redeemed, redeemed_at)),
        ("expire", -1, where(is_expired, expires_at + DAY)),
        ("reverse", -1, reversed_at),
    ]
    moved = [lot.moved(kind, sign, period.known(at), expires_at=expires_at) for kind, sign, at in fates]
    return _numbered([*moved, *_goodwill(rng, people, shop, period=period, is_member=is_member)])


class _Lots:
    """The lots of points that orders earned."""

    def __init__(self, customer_id: pl.Series, points: Integers, order_id: pl.Series) -> None:
        self._frame = pl.DataFrame({"customer_id": customer_id, "points": points, "order_id": order_id})

    def moved(self, kind: str, sign: int, at: Floats, *, expires_at: Floats) -> pl.DataFrame:
        """The movements of one kind, of the lots that have an instant for it."""
        is_earned = kind == "earn"
        return self._frame.with_columns(
            pl.lit(kind).alias("kind"),
            (pl.col("points") * sign).alias("points"),
            instants("occurred_at", at),
            local_dates("expires_on", expires_at if is_earned else np.full(len(at), np.nan)),
            (pl.col("order_id") if kind in ("earn", "reverse") else pl.lit(None, pl.String)).alias("order_id"),
            (pl.col("order_id") if kind == "reverse" else pl.lit(None, pl.String)).alias("reverses_order_id"),
        ).filter(pl.col("occurred_at").is_not_null())


def _goodwill(
    rng: np.random.Generator,
    people: People,
    shop: Accounts,
    *,
    period: Period,
    is_member: Booleans,
) -> list[pl.DataFrame]:
    """Welcome points for some members, and half of them given on to somebody else."""
    giver = np.flatnonzero(is_member & shop.knows & chance(rng, WELCOME_SHARE, people.count))
    welcomed_at = np.minimum(people.joined_at[giver] + 3_600, period.closes_at)
    given_at = period.known(where(chance(rng, 0.2, len(giver)), welcomed_at + 20 * DAY))
    taker = rng.permutation(giver)
    given_at = np.where(taker == giver, np.nan, given_at)
    given_at = where(given_at > people.joined_at[taker], given_at)
    welcome = _Lots(shop.ids(giver), np.full(len(giver), 100), pl.Series([None] * len(giver), dtype=pl.String))
    gift = _Lots(shop.ids(taker), np.full(len(giver), 50), pl.Series([None] * len(giver), dtype=pl.String))
    half = _Lots(shop.ids(giver), np.full(len(giver), 50), pl.Series([None] * len(giver), dtype=pl.String))
    never = np.full(len(giver), np.nan)
    return [
        welcome.moved("adjust", 1, welcomed_at, expires_at=never),
        half.moved("transfer", -1, given_at, expires_at=never),
        gift.moved("transfer", 1, given_at, expires_at=never),
    ]


def _numbered(movements: list[pl.DataFrame]) -> pl.DataFrame:
    """All movements in order of time, numbered, a reversal naming the earning that it takes back."""
    frame = pl.concat(movements).sort("occurred_at", "customer_id", "kind", "points", maintain_order=True)
    frame = frame.with_columns(
        numbered("movement_id", "M", 8),
    )
    earned = frame.filter(pl.col("kind") == "earn").select(
        pl.col("order_id").alias("reverses_order_id"),
        pl.col("movement_id").alias("reverses_movement_id"),
    )
    return frame.join(earned, on="reverses_order_id", how="left", maintain_order="left").select(
        "movement_id", "customer_id", "kind", "points", "occurred_at", "expires_on", "order_id",
        "reverses_movement_id",
    )  # fmt: skip
