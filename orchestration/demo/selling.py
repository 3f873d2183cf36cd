"""The sales team's work: its people, leads, opportunities and contacts with customers."""

import numpy as np
import polars as pl

from orchestration.demo.accounts import Accounts
from orchestration.demo.draws import Booleans, Floats, chance, pick, positions, stream, where
from orchestration.demo.money import cents, decimals
from orchestration.demo.numbering import numbered
from orchestration.demo.people import People
from orchestration.demo.period import DAY, Period, instants, local_dates
from orchestration.demo.vocabulary import COUNTRIES, CURRENCIES, MONEY_PER_UNIT, WORDS

LEAD_SHARE = 0.45
STRANGER_LEADS = 0.12
INTERACTIONS_PER_CUSTOMER = 3
CHANNELS = ("phone", "email", "visit", "chat", "sms", "wechat", "social", "event")
CHANNEL_SHARES = (0.28, 0.22, 0.08, 0.1, 0.07, 0.17, 0.04, 0.04)


def employees(customers: int, seed: int) -> pl.DataFrame:
    """One row per employee; the first of each team leads it."""
    rng = stream(seed, "employees")
    count = int(np.clip(customers // 150, 12, 200))
    names = [(f"{surname}{given}", latin, called) for surname, latin in COUNTRIES[0].surnames
             for given, called in COUNTRIES[0].given]  # fmt: skip
    chosen = [names[at] for at in rng.permutation(len(names))[:count]]
    team = np.arange(count) % 3
    return pl.DataFrame(
        {
            "employee_id": [f"YG{number:03d}" for number in range(1, count + 1)],
            "full_name": [name for name, _, _ in chosen],
            "email": [f"{called}.{latin}@example.com".lower() for _, latin, called in chosen],
            "team": pl.Series(["直销部", "电商部", "客服部"]).gather(team),
            "manager_id": [None if number < 3 else f"YG{number % 3 + 1:03d}" for number in range(count)],
            "is_active": rng.random(count) < 0.9,
        },
    )


def leads(people: People, crm: Accounts, *, owners: pl.Series, period: Period, seed: int) -> pl.DataFrame:
    """One row per lead: some became customers, some are known only by an e-mail address."""
    rng = stream(seed, "leads")
    person = np.flatnonzero(chance(rng, LEAD_SHARE, people.count) & crm.knows)
    strangers = rng.integers(0, people.count, int(people.count * STRANGER_LEADS))
    is_stranger = np.concatenate((np.zeros(len(person), bool), np.ones(len(strangers), bool)))
    person = np.concatenate((person, strangers))
    count = len(person)
    created_at = np.maximum(people.joined_at[person] - rng.exponential(6, count) * DAY, period.opens_at)
    created_at = np.where(is_stranger, period.opens_at + rng.random(count) * period.day_count * DAY, created_at)
    known = people.frame[person]
    unknown_mail = pl.select(pl.format("lead{}@example.org", pl.int_range(count))).to_series()
    frame = _pursued(rng, np.floor(created_at), is_stranger, period).with_columns(
        pl.when(pl.Series(is_stranger)).then(None).otherwise(crm.ids(person)).alias("customer_id"),
        pl.when(pl.Series(is_stranger)).then(unknown_mail).otherwise(known["email"]).alias("email"),
        pl.when(pl.Series(is_stranger)).then(None).otherwise(known["full_name"]).alias("full_name"),
        known["company_name"],
        known["channel"],
        pick(rng, owners.to_list(), count).alias("owner_id"),
        pl.Series("score", rng.integers(0, 101, count)),
    )
    return frame.sort("created_at", maintain_order=True).with_columns(numbered("lead_id", "XS", 6))


def _pursued(rng: np.random.Generator, created_at: Floats, is_stranger: Booleans, period: Period) -> pl.DataFrame:
    """How far each lead has come by the close."""
    count = len(created_at)
    contacted_at = where(chance(rng, 0.9, count), created_at + rng.exponential(1.2, count) * DAY)
    contacted_at = period.known(contacted_at)
    qualified_at = period.known(where(chance(rng, 0.7, count), contacted_at + rng.exponential(6, count) * DAY))
    is_converting = chance(rng, 0.75, count) & ~is_stranger
    converted_at = period.known(where(is_converting, qualified_at + rng.exponential(12, count) * DAY))
    is_lost = np.isnan(converted_at) & chance(rng, 0.6, count) & ~np.isnan(contacted_at)
    reached = [~np.isnan(contacted_at), ~np.isnan(qualified_at), ~np.isnan(converted_at)]
    status = np.where(is_lost, 4, np.sum(reached, axis=0))
    names = pl.Series(["new", "contacted", "qualified", "converted", "disqualified"])
    updated_at = np.fmax.reduce([created_at, contacted_at, qualified_at, converted_at])
    return pl.DataFrame({"status": names.gather(status)}).with_columns(
        pl.when(pl.Series(is_lost)).then(pick(rng, WORDS["reasons"]["lost_lead"], count)).alias("lost_reason"),
        instants("created_at", created_at),
        instants("first_contacted_at", contacted_at),
        instants("qualified_at", qualified_at),
        instants("converted_at", converted_at),
        instants("updated_at", updated_at),
    )


def opportunities(people: People, crm: Accounts, *, owners: pl.Series, period: Period, seed: int) -> pl.DataFrame:
    """One row per version of an opportunity: companies negotiate contracts of a year."""
    rng = stream(seed, "opportunities")
    chances = np.where(people.is_company, rng.integers(1, 5, people.count), chance(rng, 0.08, people.count))
    person = np.repeat(np.arange(people.count), chances * crm.knows)
    count = len(person)
    joined_at = people.joined_at[person]
    created_at = np.floor(joined_at + (period.closes_at - joined_at) * rng.random(count) ** 1.5)
    quoted_at = period.known(where(chance(rng, 0.85, count), created_at + rng.uniform(2, 20, count) * DAY))
    decided_at = created_at + rng.uniform(20, 90, count) * DAY
    is_won = chance(rng, 0.5, count) & ~np.isnan(quoted_at)
    closed_at = period.known(decided_at)
    is_closed = ~np.isnan(closed_at)
    signed_at = where(is_won & is_closed, closed_at)
    stage = np.where(is_closed, np.where(is_won, 2, 3), (~np.isnan(quoted_at)).astype(np.int64))
    factor = np.array([MONEY_PER_UNIT[code] for code in CURRENCIES])[people.country[person]]
    value = np.rint(rng.lognormal(7.0, 0.8, count) / 10) * 10 * factor
    frame = pl.DataFrame({"customer_id": crm.ids(person)}).with_columns(
        pick(rng, owners.to_list(), count).alias("owner_id"),
        pl.Series(["需求确认", "方案报价", "赢单", "输单"]).gather(stage).alias("stage"),
        decimals("amount", cents(value)),
        pl.Series(CURRENCIES).gather(people.country[person]).alias("currency"),
        instants("created_at", created_at),
        instants("quoted_at", quoted_at),
        instants("contract_signed_at", signed_at),
        instants("contract_starts_at", signed_at + 7 * DAY),
        instants("contract_ends_at", signed_at + (7 + 365) * DAY),
        local_dates("expected_close_on", created_at + 60 * DAY),
        instants("closed_at", closed_at),
        pl.when(pl.Series(is_closed)).then(pl.Series(is_won)).alias("is_won"),
        pl.when(pl.Series(is_closed & ~is_won))
        .then(pick(rng, WORDS["reasons"]["lost_deal"], count))
        .alias("lost_reason"),
        instants("updated_at", np.fmax.reduce([created_at, quoted_at, closed_at])),
    )
    return _with_first_versions(rng, frame)


def _with_first_versions(rng: np.random.Generator, frame: pl.DataFrame) -> pl.DataFrame:
    """Some opportunities also as they were opened, before anything was decided."""
    frame = frame.sort("created_at", maintain_order=True).with_columns(numbered("opportunity_id", "SJ", 6))
    undecided = (
        "quoted_at", "contract_signed_at", "contract_starts_at", "contract_ends_at", "closed_at", "is_won",
        "lost_reason",
    )  # fmt: skip
    opened = frame.filter(
        pl.Series(chance(rng, 0.2, frame.height)) & (pl.col("updated_at") > pl.col("created_at")),
    ).with_columns(
        *(pl.lit(None, frame.schema[name]).alias(name) for name in undecided),
        pl.lit("需求确认").alias("stage"),
        pl.col("created_at").alias("updated_at"),
    )
    return pl.concat([opened, frame]).sort("opportunity_id", "updated_at", maintain_order=True)


def interactions(people: People, crm: Accounts, *, owners: pl.Series, period: Period, seed: int) -> pl.DataFrame:
    """One row per call, message or visit, in order of time."""
    rng = stream(seed, "interactions")
    known = np.flatnonzero(crm.knows)
    person = known[rng.integers(0, len(known), len(known) * INTERACTIONS_PER_CUSTOMER)]
    count = len(person)
    joined_at = people.joined_at[person]
    occurred_at = np.floor(joined_at + (period.closes_at - joined_at) * rng.random(count) ** 1.7)
    channel = positions(rng, len(CHANNELS), count, CHANNEL_SHARES)
    takes_time = np.isin(channel, [CHANNELS.index(name) for name in ("phone", "visit", "chat", "event")])
    seconds = pl.Series(where(takes_time, np.rint(rng.gamma(2, 240, count)) + 5), nan_to_null=True)
    purposes = ["sales", "service", "care", "winback", "other"]
    frame = pl.DataFrame({"customer_id": crm.ids(person)}).with_columns(
        pl.Series(CHANNELS).gather(channel).alias("channel"),
        pick(rng, ["inbound", "outbound"], count, (0.4, 0.6)).alias("direction"),
        pick(rng, purposes, count, (0.35, 0.25, 0.25, 0.1, 0.05)).alias("purpose"),
        instants("occurred_at", occurred_at),
        pick(rng, owners.to_list(), count).alias("owner_id"),
        seconds.cast(pl.Int64).alias("duration_seconds"),
        pick(rng, WORDS["reasons"]["outcome"], count).alias("outcome"),
    )
    return frame.sort("occurred_at", "customer_id", maintain_order=True).with_columns(
        numbered("interaction_id", "HD", 7)
    )
