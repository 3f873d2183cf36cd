"""The help desk: its tickets, and what customers answered when asked."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from orchestration.demo.accounts import Accounts
from orchestration.demo.draws import Floats, Integers, chance, pick, positions, stream, where
from orchestration.demo.people import People
from orchestration.demo.period import DAY, Period, instants
from orchestration.demo.purchases import NOBODY, Orders
from orchestration.demo.vocabulary import WORDS

TICKETS_PER_CUSTOMER = 0.6
COMPLAINT_SHARE = 0.2
NPS_SHARE, CSAT_SHARE, CES_SHARE, REVIEW_SHARE = 0.25, 0.6, 0.4, 0.06
RESPONSE_SHARE = 0.4
SCALES = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7)}


@dataclass(frozen=True)
class Tickets:
    """The tickets, and of each the person and the end that surveys ask about."""

    frame: pl.DataFrame
    person: Integers
    resolved_at: Floats


def tickets(people: People, desk: Accounts, *, owners: pl.Series, period: Period, seed: int) -> Tickets:
    """One row per ticket, in order of opening."""
    rng = stream(seed, "tickets")
    known = np.flatnonzero(desk.knows)
    person = known[rng.integers(0, len(known), int(len(known) * TICKETS_PER_CUSTOMER))]
    count = len(person)
    joined_at = people.joined_at[person]
    opened_at = np.floor(joined_at + (period.closes_at - joined_at) * rng.random(count))
    order = np.argsort(opened_at, kind="stable")
    person, opened_at = person[order], opened_at[order]
    is_complaint = chance(rng, COMPLAINT_SHARE, count)
    answered_at = period.known(where(chance(rng, 0.97, count), opened_at + rng.gamma(1.3, 9_000, count)))
    resolved_at = period.known(where(chance(rng, 0.93, count), answered_at + rng.gamma(1.2, 90_000, count)))
    state = np.where(np.isnan(answered_at), 0, np.where(np.isnan(resolved_at), 1, 2))
    frame = pl.DataFrame({"customer_id": desk.ids(person)}).with_columns(
        instants("opened_at", opened_at),
        instants("first_response_at", answered_at),
        instants("resolved_at", resolved_at),
        pl.Series("reopened_count", positions(rng, 3, count, (0.9, 0.08, 0.02))),
        pick(rng, ["delivery", "product", "payment", "account", "other"], count).alias("category"),
        pick(rng, ["low", "normal", "high"], count, (0.2, 0.6, 0.2)).alias("priority"),
        pl.Series("is_complaint", is_complaint),
        pick(rng, owners.to_list(), count).alias("owner_id"),
        pl.Series(["new", "open", "solved"]).gather(state).alias("status"),
        instants("updated_at", np.fmax.reduce([opened_at, answered_at, resolved_at])),
    )
    frame = frame.select(
        pl.format("T-{}", pl.int_range(1, pl.len() + 1).cast(pl.String).str.zfill(6)).alias("ticket_id"),
        pl.all(),
    )
    return Tickets(frame, person, resolved_at)


def survey_responses(
    people: People,
    desk: Accounts,
    orders: Orders,
    cases: Tickets,
    *,
    dropout_at: Floats,
    period: Period,
    seed: int,
) -> pl.DataFrame:
    """One row per invitation; those about to drop out are less content."""
    rng = stream(seed, "surveys")
    may_ask = orders.is_bought & (orders.person != NOBODY) & desk.knows[orders.person]
    asked = np.flatnonzero(may_ask & chance(rng, NPS_SHARE, orders.count))
    written = np.flatnonzero(may_ask & chance(rng, REVIEW_SHARE, orders.count))
    solved = ~np.isnan(cases.resolved_at)
    rated = np.flatnonzero(solved & chance(rng, CSAT_SHARE, len(solved)))
    eased = np.flatnonzero(solved & chance(rng, CES_SHARE, len(solved)))
    about_orders, about_cases = orders.ids, cases.frame.get_column("ticket_id")
    parts = [
        _Asked(
            "nps", "purchase", orders.person[asked], orders.at[asked] + 7 * DAY, about_orders.gather(asked)
        ),
        _Asked(
            "text",
            "purchase",
            orders.person[written],
            orders.at[written] + 9 * DAY,
            about_orders.gather(written),
        ),
        _Asked(
            "csat",
            "service",
            cases.person[rated],
            cases.resolved_at[rated] + 3_600,
            about_cases.gather(rated),
        ),
        _Asked(
            "ces", "service", cases.person[eased], cases.resolved_at[eased] + 7_200, about_cases.gather(eased)
        ),
    ]
    frame = pl.concat([_answered(rng, part, desk, dropout_at=dropout_at, period=period) for part in parts])
    return frame.sort("sent_at", "customer_id", "survey_id", maintain_order=True).select(
        pl.format("A-{}", pl.int_range(1, pl.len() + 1).cast(pl.String).str.zfill(7)).alias("response_id"),
        pl.all(),
    )


@dataclass(frozen=True)
class _Asked:
    question_type: str
    touchpoint: str
    person: Integers
    sent_at: Floats
    about: pl.Series


def _answered(
    rng: np.random.Generator,
    part: _Asked,
    desk: Accounts,
    *,
    dropout_at: Floats,
    period: Period,
) -> pl.DataFrame:
    """The invitations that were sent before the close, with the answers that came by then."""
    count = len(part.person)
    sent_at = period.known(part.sent_at)
    responded_at = where(chance(rng, RESPONSE_SHARE, count), sent_at + rng.exponential(1.5, count) * DAY)
    responded_at = period.known(responded_at)
    is_leaving = part.sent_at > dropout_at[part.person]
    mood = np.clip(rng.normal(np.where(is_leaving, 0.62, 0.8), 0.2, count), 0, 1)
    low, high = SCALES.get(part.question_type, (0, 0))
    is_rated = ~np.isnan(responded_at) & chance(rng, 0.97, count) & (high > 0)
    comments = pl.select(
        pl.when(pl.Series(mood > 0.75))
        .then(pick(rng, WORDS["comments"]["good"], count))
        .when(pl.Series(mood > 0.5))
        .then(pick(rng, WORDS["comments"]["fair"], count))
        .otherwise(pick(rng, WORDS["comments"]["poor"], count)),
    ).to_series()
    is_worded = ~np.isnan(responded_at) & ((high == 0) | chance(rng, 0.3, count))
    is_anonymous = pl.Series(chance(rng, 0.03, count))
    is_ticket = part.touchpoint == "service"
    nothing = pl.lit(None, pl.String)
    return (
        pl.DataFrame({"survey_id": pl.repeat(f"{part.question_type}-{part.touchpoint}", count, eager=True)})
        .with_columns(
            pl.lit(part.question_type).alias("question_type"),
            pl.when(is_anonymous).then(None).otherwise(desk.ids(part.person)).alias("customer_id"),
            instants("sent_at", sent_at),
            instants("responded_at", responded_at),
            pl.Series("score", where(is_rated, np.rint(low + mood * (high - low))), nan_to_null=True).cast(
                pl.Int64
            ),
            pl.lit(low if high else None, pl.Int64).alias("scale_min"),
            pl.lit(high if high else None, pl.Int64).alias("scale_max"),
            pl.lit(part.touchpoint).alias("touchpoint"),
            (nothing if is_ticket else part.about).alias("order_id"),
            (part.about if is_ticket else nothing).alias("ticket_id"),
            pl.when(pl.Series(is_worded)).then(comments).alias("comment"),
        )
        .filter(pl.col("sent_at").is_not_null())
    )
