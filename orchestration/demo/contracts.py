"""Subscriptions: recurring service with trials, price changes, notices and failed payments."""

import numpy as np
import polars as pl

from orchestration.demo.accounts import Accounts
from orchestration.demo.draws import Floats, Integers, chance, pick, positions, stream, where
from orchestration.demo.money import cents, decimals
from orchestration.demo.numbering import numbered
from orchestration.demo.people import People
from orchestration.demo.period import DAY, Period, instants
from orchestration.demo.vocabulary import CURRENCIES, MONEY_PER_UNIT, WORDS

PERSON_SHARE, COMPANY_SHARE = 0.09, 0.6
TRIAL_DAYS = 14
MONTHS = (1, 3, 12)
# Chance that a subscription is not renewed, by billing period; each subscriber's own varies about it.
LOSS_PER_PERIOD = (0.045, 0.10, 0.22)
_FAR = 36


def subscriptions(people: People, shop: Accounts, period: Period, seed: int) -> pl.DataFrame:
    """One row per version of a subscription: a price rise is a second row of the same number."""
    rng = stream(seed, "subscriptions")
    share = np.where(people.is_company, COMPANY_SHARE, PERSON_SHARE)
    person = np.flatnonzero(chance(rng, share, people.count) & shop.knows & ~people.is_test)
    started_at = people.joined_at[person] + rng.exponential(50, len(person)) * DAY
    is_begun = started_at < period.closes_at - 2 * DAY
    person, started_at = person[is_begun], np.floor(started_at[is_begun])
    frame = _terms(rng, people, shop, person=person, started_at=started_at)
    frame = _with_ends(rng, frame, period).with_columns(
        numbered("subscription_id", "SUB", 6),
    )
    return _with_price_changes(rng, frame, period)


def _terms(
    rng: np.random.Generator,
    people: People,
    shop: Accounts,
    *,
    person: Integers,
    started_at: Floats,
) -> pl.DataFrame:
    count = len(person)
    is_company = people.is_company[person]
    plans = list(WORDS["plans"])
    plan = np.where(is_company, 2, positions(rng, 2, count, (0.7, 0.3)))
    billing = positions(rng, 3, count, (0.6, 0.15, 0.25))
    months = np.array(MONTHS)[billing]
    # Who pays for longer pays less per month.
    fee = np.array([float(WORDS["plans"][name]) for name in plans])[plan] * months * (1 - 0.05 * billing)
    country = people.country[person]
    factor = np.array([MONEY_PER_UNIT[code] for code in CURRENCIES])[country]
    trial_ends_at = where(chance(rng, 0.4, count), started_at + TRIAL_DAYS * DAY)
    return pl.DataFrame({"customer_id": shop.ids(person)}).with_columns(
        pl.Series(plans).gather(plan).alias("plan"),
        pl.Series(["month", "quarter", "year"]).gather(billing).alias("billing_period"),
        pl.Series("cents", cents(np.rint(fee * factor))),
        pl.Series(CURRENCIES).gather(country).alias("currency"),
        instants("started_at", started_at),
        instants("trial_ends_at", trial_ends_at),
        pl.Series("months", months),
        pl.Series("billing", billing),
    )


def _with_ends(rng: np.random.Generator, frame: pl.DataFrame, period: Period) -> pl.DataFrame:
    """Notice, end and reason of those that were not renewed; what lies after the close is not known yet."""
    count = frame.height
    hazard = np.array(LOSS_PER_PERIOD)[frame.get_column("billing").to_numpy()]
    own = np.clip(hazard * rng.gamma(1.5, 1 / 1.5, count), 0.002, 0.9)
    periods = np.minimum(rng.geometric(own), _FAR)
    is_failed = chance(rng, 0.15, count)
    closes_at = instants("closes_at", np.full(count, period.closes_at))
    notice = pl.Series(rng.uniform(0.05, 0.9, count))
    frame = frame.with_columns(
        pl.coalesce("trial_ends_at", "started_at").alias("paid_from"),
        pl.Series("periods", periods),
        pl.Series("is_failed", is_failed),
        pick(rng, WORDS["reasons"]["cancel"], count).alias("reason"),
        closes_at,
    )
    length = pl.format("{}mo", pl.col("months") * pl.col("periods"))
    frame = frame.with_columns(ends_at=pl.col("paid_from").dt.offset_by(length))
    told = pl.col("ends_at") - pl.duration(seconds=(pl.lit(notice) * 30 * DAY).cast(pl.Int64))
    frame = frame.with_columns(
        told_at=pl.when("is_failed").then("ends_at").otherwise(pl.max_horizontal(told, "paid_from")),
    )
    is_known = (pl.col("told_at") <= pl.col("closes_at")) & (pl.col("periods") < _FAR)
    is_voluntary = is_known & ~pl.col("is_failed")
    failed_at = pl.col("ends_at") - pl.duration(days=7)
    return frame.with_columns(
        cancelled_at=pl.when(is_voluntary).then("told_at"),
        ends_at=pl.when(is_known).then("ends_at"),
        cancel_reason=pl.when(is_voluntary).then("reason"),
        is_involuntary=pl.when(is_known).then("is_failed"),
        payment_failed_at=pl.when(is_known & pl.col("is_failed")).then(pl.max_horizontal(failed_at, "paid_from")),
        updated_at=pl.when(is_known).then("told_at").otherwise("started_at"),
    )


def _with_price_changes(rng: np.random.Generator, frame: pl.DataFrame, period: Period) -> pl.DataFrame:
    """Prices rose by a tenth on the first of January of the last year, for those who had begun before."""
    rise = pl.datetime(period.end.year, 1, 1)
    is_raised = (
        (pl.col("started_at") < rise)
        & (pl.col("ends_at").is_null() | (pl.col("ends_at") > rise))
        & (rise < pl.col("closes_at"))
        & pl.Series(chance(rng, 0.8, frame.height))
    )
    raised = frame.filter(is_raised).with_columns(
        (pl.col("cents") * 11 / 10).round().cast(pl.Int64).alias("cents"),
        pl.max_horizontal("updated_at", rise).alias("updated_at"),
    )
    # The first version did not know yet what came after the rise.
    before = pl.when(is_raised).then(None)
    told_later = ("cancelled_at", "ends_at", "cancel_reason", "is_involuntary", "payment_failed_at")
    frame = frame.with_columns(
        *(before.otherwise(pl.col(name)).alias(name) for name in told_later),
        pl.when(is_raised).then("started_at").otherwise("updated_at").alias("updated_at"),
    )
    versions = pl.concat([frame, raised]).sort("subscription_id", "updated_at", maintain_order=True)
    return versions.with_columns(
        decimals("recurring_amount", versions.get_column("cents").to_numpy()),
    ).select(
        "subscription_id", "customer_id", "plan", "billing_period", "recurring_amount", "currency",
        "started_at", "trial_ends_at", "cancelled_at", "ends_at", "cancel_reason", "is_involuntary",
        "payment_failed_at", "updated_at",
    )  # fmt: skip
