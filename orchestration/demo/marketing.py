"""Marketing: campaigns with a holdout, what they did to whom, what they cost, and the targets set."""

import numpy as np
import polars as pl

from orchestration.demo.accounts import Accounts
from orchestration.demo.draws import Floats, Integers, chance, stream, where
from orchestration.demo.money import cents, decimals
from orchestration.demo.numbering import numbered
from orchestration.demo.people import People
from orchestration.demo.period import DAY, Period, instants

OBJECTIVES = ("acquire", "retain", "cross_sell", "winback", "convert", "care")
CHANNELS = ("email", "social", "wechat", "search")
AUDIENCE_SHARE = 0.10
HOLDOUT_SHARE = 0.2
# What a channel costs a day, in cents per customer of the company, and in which currency.
MEDIA = {"search": (9.0, "EUR"), "social": (5.0, "USD"), "wechat": (30.0, "CNY"), "referral": (6.0, "CNY")}
MONTHLY = {
    "agency": 60.0,
    "tools": 25.0,
    "salaries": 300.0,
    "sales": 200.0,
    "service": 150.0,
    "incentives": 40.0,
}


def campaigns(customers: int, period: Period, seed: int) -> pl.DataFrame:
    """One campaign a month, each of three weeks."""
    rng = stream(seed, "campaigns")
    count = len(period.months()) - 1
    starts_at = period.opens_at + np.arange(count) * period.day_count / count * DAY + rng.integers(0, 8, count) * DAY
    objective = np.arange(count) % len(OBJECTIVES)
    return pl.DataFrame({"campaign_id": [f"K{number:03d}" for number in range(1, count + 1)]}).with_columns(
        pl.Series(OBJECTIVES).gather(objective).alias("objective"),
        pl.Series(CHANNELS).gather(np.arange(count) % len(CHANNELS)).alias("channel"),
        instants("started_at", starts_at),
        instants("ended_at", starts_at + 21 * DAY),
        decimals("budget_amount", cents(np.rint(customers * rng.uniform(0.5, 2, count)))),
        pl.lit("EUR").alias("currency"),
    ).select(
        "campaign_id",
        pl.format("{} {}", "objective", "campaign_id").str.replace("_", " ").alias("name"),
        "channel", "objective", "started_at", "ended_at", "budget_amount", "currency",
    )  # fmt: skip


def campaign_touches(
    plan: pl.DataFrame,
    people: People,
    desk: Accounts,
    *,
    period: Period,
    seed: int,
) -> pl.DataFrame:
    """One row per act: everybody chosen is assigned, a fifth is held out, the others are written to."""
    rng = stream(seed, "touches")
    known = np.flatnonzero(desk.knows)
    started_at = plan.get_column("started_at").dt.epoch("s").to_numpy().astype(np.float64)
    is_chosen = rng.random((len(started_at), len(known))) < AUDIENCE_SHARE
    is_chosen &= people.joined_at[known] < started_at[:, None]
    campaign, chosen = np.nonzero(is_chosen)
    person = known[chosen]
    base = plan.select("campaign_id", "channel")[campaign].with_columns(
        desk.ids(person),
        pl.when(pl.Series(rng.random(len(person)) < 0.5)).then(people.frame["email"][person]).alias("email"),
    )
    acts = _acts(rng, started_at[campaign])
    frames = [
        base.with_columns(pl.lit(action).alias("action"), instants("touched_at", period.known(at)))
        for action, at in acts.items()
    ]
    touches = pl.concat(frames).filter(pl.col("touched_at").is_not_null())
    return touches.sort("touched_at", "customer_id", "action", maintain_order=True).with_columns(
        numbered("touch_id", "B", 8)
    )


def _acts(rng: np.random.Generator, started_at: Floats) -> dict[str, Floats]:
    """When each act happened to each one chosen; nothing if it did not."""
    count = len(started_at)
    is_held_out = chance(rng, HOLDOUT_SHARE, count)
    sent_at = where(~is_held_out, started_at + rng.uniform(0, 10, count) * DAY)
    is_bounced = chance(rng, 0.03, count)
    delivered_at = where(~is_bounced, sent_at + 30)
    opened_at = where(chance(rng, 0.4, count), delivered_at + rng.exponential(0.5, count) * DAY)
    clicked_at = where(chance(rng, 0.25, count), opened_at + rng.exponential(600, count))
    return {
        "assigned": started_at,
        "holdout": where(is_held_out, started_at + 1),
        "sent": sent_at,
        "delivered": delivered_at,
        "bounced": where(is_bounced, sent_at + 30),
        "opened": opened_at,
        "clicked": clicked_at,
        "converted": where(chance(rng, 0.1, count), clicked_at + rng.exponential(2, count) * DAY),
        "unsubscribed": where(chance(rng, 0.01, count), opened_at + 120),
    }


def marketing_spend(plan: pl.DataFrame, customers: int, period: Period, seed: int) -> pl.DataFrame:
    """Media day by day and channel, salaries and the like month by month, campaigns day by day."""
    rng = stream(seed, "spend")
    days, months = period.days(), period.months()[1:]
    media = [
        _spent(rng, days, channel, cost_type="media", currency=currency, level=level * customers / 100)
        for channel, (level, currency) in MEDIA.items()
    ]
    monthly = [
        _spent(rng, months, "all", cost_type=cost_type, currency="CNY", level=level * customers / 100)
        for cost_type, level in MONTHLY.items()
    ]
    dates = plan.with_columns(
        spend_date=pl.date_ranges(pl.col("started_at").dt.date(), pl.col("ended_at").dt.date()),
    ).explode("spend_date")
    daily = np.rint(
        dates.get_column("budget_amount").cast(pl.Float64).to_numpy() / 22 * rng.uniform(60, 130, dates.height)
    )
    shown = rng.integers(200, 5_000, dates.height)
    by_campaign = dates.select(
        "spend_date", "channel", "campaign_id", pl.lit("media").alias("cost_type"), "currency",
        decimals("amount", daily), pl.Series("impressions", shown), pl.Series("clicks", shown // 40),
    )  # fmt: skip
    spent = pl.concat([*media, *monthly, by_campaign.filter(pl.col("spend_date") <= period.end)])
    return spent.sort("spend_date", "channel", "campaign_id", "cost_type", nulls_last=True, maintain_order=True)


def _spent(
    rng: np.random.Generator,
    days: pl.Series,
    channel: str,
    *,
    cost_type: str,
    currency: str,
    level: float,
) -> pl.DataFrame:
    count = len(days)
    shown: Integers = rng.integers(500, 20_000, count)
    is_media = cost_type == "media"
    counted = pl.Series(where(np.full(count, is_media), shown.astype(np.float64)), nan_to_null=True)
    return pl.DataFrame({"spend_date": days}).with_columns(
        pl.lit(channel).alias("channel"),
        pl.lit(None, pl.String).alias("campaign_id"),
        pl.lit(cost_type).alias("cost_type"),
        pl.lit(currency).alias("currency"),
        decimals("amount", np.maximum(np.rint(level * 100 * rng.uniform(0.7, 1.3, count)), 1)),
        counted.cast(pl.Int64).alias("impressions"),
        (counted.cast(pl.Int64) // 50).alias("clicks"),
    )


def targets(customers: int, period: Period) -> pl.DataFrame:
    """One row per metric, month and segment; the number of new customers also by country."""
    months = period.months()[1:]
    new = customers / len(months)
    wanted = [
        ("net_amount", None, customers * 18.0),
        ("new_customer_count", None, new),
        ("new_customer_count", "CN", new * 0.5),
        ("new_customer_count", "DE", new * 0.3),
        ("new_customer_count", "US", new * 0.2),
        ("nps", None, 30.0),
        ("churn_ratio", None, 0.06),
    ]
    frames = [
        pl.DataFrame({"period_month": months}).select(
            pl.lit(metric).alias("metric_name"),
            "period_month",
            pl.lit(segment, pl.String).alias("segment"),
            pl.lit(round(value, 2)).alias("target_value"),
        )
        for metric, segment, value in wanted
    ]
    return pl.concat(frames)
