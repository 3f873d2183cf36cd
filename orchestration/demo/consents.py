"""What customers allowed us, took back, and asked us to forget."""

import numpy as np
import polars as pl

from orchestration.demo.accounts import Accounts
from orchestration.demo.draws import chance, pick, sample, stream, where
from orchestration.demo.numbering import numbered
from orchestration.demo.people import People
from orchestration.demo.period import DAY, Period, instants

CONSENT_SHARE = 0.7
WITHDRAWAL_SHARE = 0.12
ERASURE_SHARE = 0.004


def consents(people: People, crm: Accounts, period: Period, seed: int) -> pl.DataFrame:
    """One row per consent or refusal and per withdrawal, in order of time."""
    rng = stream(seed, "consents")
    person = np.flatnonzero(crm.knows & chance(rng, CONSENT_SHARE, people.count))
    count = len(person)
    recorded_at = np.minimum(people.joined_at[person] + rng.exponential(3, count) * DAY, period.closes_at)
    withdrawn_at = where(chance(rng, WITHDRAWAL_SHARE, count), recorded_at + rng.exponential(200, count) * DAY)
    given = pl.DataFrame({"customer_id": crm.ids(person)}).with_columns(
        pick(rng, ["marketing", "profiling"], count, (0.8, 0.2)).alias("purpose"),
        pick(rng, ["email", "sms", "wechat"], count).alias("channel"),
    )
    frame = pl.concat(
        [
            given.with_columns(pl.Series("is_granted", chance(rng, 0.85, count)), instants("recorded_at", recorded_at)),
            given.with_columns(pl.lit(False).alias("is_granted"), instants("recorded_at", period.known(withdrawn_at))),
        ],
    ).filter(pl.col("recorded_at").is_not_null())
    return frame.sort("recorded_at", "customer_id", maintain_order=True).with_columns(numbered("consent_id", "TY", 6))


def erasure_requests(people: People, crm: Accounts, period: Period, seed: int) -> pl.DataFrame:
    """One row per request, in order of time; some give a customer number, all an e-mail address."""
    rng = stream(seed, "erasure")
    candidates = np.flatnonzero(crm.knows & ~people.is_company & (people.joined_at < period.closes_at - 30 * DAY))
    count = min(len(candidates), max(3, round(people.count * ERASURE_SHARE)))
    person = candidates[sample(rng, len(candidates), count)]
    joined_at = people.joined_at[person] + 20 * DAY
    requested_at = joined_at + (period.closes_at - joined_at) * rng.random(count)
    frame = pl.DataFrame({"email": people.frame["email"][person]}).with_columns(
        pl.when(pl.Series(chance(rng, 0.7, count))).then(crm.ids(person)).alias("customer_id"),
        instants("requested_at", requested_at),
    )
    return frame.sort("requested_at", maintain_order=True).with_columns(numbered("request_id", "SC", 4))
