"""The web site: sessions that end in an order, sessions that do not, and visitors who stay unknown."""

import numpy as np
import polars as pl

from orchestration.demo.accounts import Accounts
from orchestration.demo.draws import Floats, Integers, chance, pick, positions, stream, where
from orchestration.demo.numbering import numbered
from orchestration.demo.people import People
from orchestration.demo.period import Season, at_waking_hours, instants
from orchestration.demo.purchases import NOBODY, Orders
from orchestration.demo.vocabulary import COUNTRIES

SESSIONS_PER_PERSON = 2.2
STRANGER_SHARE = 0.3
ORDER_SEEN_SHARE = 0.6
STEPS = ("page_view", "product_view", "add_to_cart", "checkout", "purchase")
PAGES = ("/", "/product", "/cart", "/checkout", "/thanks")
SECONDS_PER_STEP = 55


def web_events(
    orders: Orders,
    people: People,
    shop: Accounts,
    *,
    products: pl.Series,
    season: Season,
    seed: int,
) -> pl.DataFrame:
    """One row per event, in order of time."""
    rng = stream(seed, "visits")
    person, started_at, depth = _sessions(rng, orders, people, season)
    session = np.repeat(np.arange(len(person)), depth)
    first = np.concatenate(([0], np.cumsum(depth)[:-1]))
    step = np.arange(len(session)) - first[session]
    at = started_at[session] + step * SECONDS_PER_STEP
    per_session = _described(rng, person, people, shop)
    frame = per_session[session].with_columns(
        pl.Series(STEPS).gather(step).alias("event_name"),
        pl.Series(PAGES).gather(step).alias("page"),
        pl.when(pl.Series((step == 1) | (step == 2)))
        .then(products.gather(rng.integers(0, len(products), len(person))[session]))
        .alias("product_id"),
        instants("occurred_at", np.minimum(at, season.period.closes_at)),
    )
    return frame.sort("occurred_at", "session_id", maintain_order=True).with_columns(numbered("event_id", "E", 9))


def _sessions(
    rng: np.random.Generator,
    orders: Orders,
    people: People,
    season: Season,
) -> tuple[Integers, Floats, Integers]:
    """Person (NOBODY for a stranger), start and number of steps of every session."""
    bought = np.flatnonzero((orders.person != NOBODY) & chance(rng, ORDER_SEEN_SHARE, orders.count))
    browsing = int(people.count * SESSIONS_PER_PERSON)
    visitor = rng.integers(0, people.count, browsing)
    opens_at, closes_at = people.joined_at[visitor], season.period.closes_at
    # Interest is greatest just after the acquaintance.
    visited_at = opens_at + (closes_at - opens_at) * rng.random(browsing) ** 2
    visited_at = np.minimum(at_waking_hours(visited_at, people.utc_offset_hours[visitor]), closes_at - 600)
    strangers = int(browsing * STRANGER_SHARE)
    strange_at = season.seconds(season.length * rng.random(strangers))
    person = np.concatenate((orders.person[bought], visitor, np.full(strangers, NOBODY)))
    ordered_from = orders.at[bought] - (len(STEPS) - 1) * SECONDS_PER_STEP
    started_at = np.concatenate((ordered_from, visited_at, strange_at))
    depth = positions(rng, 4, browsing + strangers, (0.4, 0.3, 0.2, 0.1)) + 1
    return person, started_at, np.concatenate((np.full(len(bought), len(STEPS)), depth))


def _described(
    rng: np.random.Generator,
    person: Integers,
    people: People,
    shop: Accounts,
) -> pl.DataFrame:
    """What is the same for all events of a session."""
    count = len(person)
    known = np.maximum(person, 0)
    is_signed_in = (person != NOBODY) & shop.knows[known] & chance(rng, 0.85, count)
    country = np.where(person == NOBODY, positions(rng, len(COUNTRIES), count), people.country[known])
    device_number = where(person != NOBODY, person.astype(np.float64))
    stranger_number = people.count + np.arange(count)
    number = np.where(np.isnan(device_number), stranger_number, known)
    source = positions(rng, 5, count, (0.45, 0.2, 0.15, 0.12, 0.08))
    return pl.DataFrame({"session_id": _scrambled("s", np.arange(count))}).with_columns(
        pl.when(pl.Series(is_signed_in)).then(shop.ids(known, rng.random(count))).alias("customer_id"),
        _scrambled("v", number).alias("anonymous_id"),
        pl.Series([None, "google", "wechat", "newsletter", "xiaohongshu"]).gather(source).alias("utm_source"),
        pl.Series([None, "cpc", "social", "email", "social"]).gather(source).alias("utm_medium"),
        pl.Series([None, "brand", "tea-club", "weekly", "tea-club"]).gather(source).alias("utm_campaign"),
        pick(rng, ["mobile", "desktop", "tablet"], count, (0.65, 0.3, 0.05)).alias("device"),
        pl.Series([of.code for of in COUNTRIES]).gather(country).alias("country"),
    )


def _scrambled(prefix: str, number: Integers) -> pl.Series:
    """Identifiers that look drawn, as trackers make them, yet never clash."""
    # Multiplying by an odd number permutes the numbers below a power of two.
    mixed = pl.Series((number.astype(np.int64) * 2_654_435_761) % 2**40)
    return pl.select(pl.format(prefix + "{}", mixed.cast(pl.String).str.zfill(13))).to_series()
