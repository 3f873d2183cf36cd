"""The help desk: its tickets, and what customers answered when asked."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from orchestration.demo.accounts import Accounts
from orchestration.demo.draws import Floats, Integers, chance, pick, positions, stream, where
from orchestration.demo.numbering import numbered
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
    frame = frame.with_columns(numbered("ticket_id", "T-", 6))
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
    asked = [*_about_orders(rng, orders, desk), *_about_tickets(rng, cases)]
    frame = pl.concat([_answered(rng, part, desk, dropout_at=dropout_at, period=period) for part in asked])
    return frame.sort("sent_at", "customer_id", "survey_id", maintain_order=True).with_columns(
        numbered("response_id", "A-", 7)
    )


@dataclass(frozen=True)
class _Asked:
    question_type: str
    touchpoint: str
    person: Integers
    sent_at: Floats
    about: pl.Series


def _about_orders(rng: np.random.Generator, orders: Orders, desk: Accounts) -> list[_Asked]:
    """Would you recommend us, and what would you say of it, some days after an order."""
    may_ask = orders.is_bought & (orders.person != NOBODY) & desk.knows[orders.person]
    asked = []
    for question, share, days in (("nps", NPS_SHARE, 7), ("text", REVIEW_SHARE, 9)):
        chosen = np.flatnonzero(may_ask & chance(rng, share, orders.count))
        sent_at = orders.at[chosen] + days * DAY
        asked.append(_Asked(question, "purchase", orders.person[chosen], sent_at, orders.ids.gather(chosen)))
    return asked


def _about_tickets(rng: np.random.Generator, cases: Tickets) -> list[_Asked]:
    """How content were you, and how easy was it, some hours after a case was solved."""
    is_solved, ids = ~np.isnan(cases.resolved_at), cases.frame["ticket_id"]
    asked = []
    for question, share, hours in (("csat", CSAT_SHARE, 1), ("ces", CES_SHARE, 2)):
        chosen = np.flatnonzero(is_solved & chance(rng, share, len(is_solved)))
        sent_at = cases.resolved_at[chosen] + hours * 3_600
        asked.append(_Asked(question, "service", cases.person[chosen], sent_at, ids.gather(chosen)))
    return asked


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
    comments = _comments(rng, mood)
    is_worded = ~np.isnan(responded_at) & ((high == 0) | chance(rng, 0.3, count))
    is_anonymous = pl.Series(chance(rng, 0.03, count))
    is_ticket = part.touchpoint == "service"
    nothing = pl.lit(None, pl.String)
    score = pl.Series("score", where(is_rated, np.rint(low + mood * (high - low))), nan_to_null=True)
    frame = pl.DataFrame({"sent_at": instants("sent_at", sent_at)}).with_columns(
        pl.lit(f"{part.question_type}-{part.touchpoint}").alias("survey_id"),
        pl.lit(part.question_type).alias("question_type"),
        pl.when(is_anonymous).then(None).otherwise(desk.ids(part.person)).alias("customer_id"),
        instants("responded_at", responded_at),
        score.cast(pl.Int64),
        pl.lit(low if high else None, pl.Int64).alias("scale_min"),
        pl.lit(high if high else None, pl.Int64).alias("scale_max"),
        pl.lit(part.touchpoint).alias("touchpoint"),
        (nothing if is_ticket else part.about).alias("order_id"),
        (part.about if is_ticket else nothing).alias("ticket_id"),
        pl.when(pl.Series(is_worded)).then(comments).alias("comment"),
    )
    return frame.filter(pl.col("sent_at").is_not_null())


def _comments(rng: np.random.Generator, mood: Floats) -> pl.Series:
    """Words that suit the mood (0 to 1)."""
    good, fair, poor = (pick(rng, WORDS["comments"][of], len(mood)) for of in ("good", "fair", "poor"))
    suiting = pl.when(pl.Series(mood > 0.75)).then(good).when(pl.Series(mood > 0.5)).then(fair).otherwise(poor)
    return pl.select(suiting).to_series()
