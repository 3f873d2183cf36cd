"""The customer lists of the three systems, with older versions, merges, deletions and terminations."""

from collections.abc import Mapping

import numpy as np
import polars as pl

from orchestration.demo.accounts import Accounts
from orchestration.demo.contacts import contact_details
from orchestration.demo.draws import Floats, chance, pick, positions, stream, where
from orchestration.demo.people import People
from orchestration.demo.period import DAY, Period, instants
from orchestration.demo.purchases import NOBODY, Orders
from orchestration.demo.vocabulary import WORDS

DELETED_SHARE = 0.01
TERMINATED_SHARE = 0.006
REFERRED_SHARE = 0.05
OLDER_VERSION_SHARE = 0.08
TIERS = ("bronze", "silver", "gold")
# The stages as the sales team keeps them: by hand, and often late.
CRM_STAGES = ("潜在客户", "新客户", "忠诚客户", "流失客户")


def last_seen(people: People, orders: Orders) -> Floats:
    """Each person's last order, or the acquaintance where there is none."""
    seen = people.joined_at.copy()
    is_known = orders.person != NOBODY
    np.maximum.at(seen, orders.person[is_known], orders.at[is_known])
    return seen


def crm_customers(
    people: People,
    accounts: Mapping[str, Accounts],
    *,
    employees: pl.Series,
    seen_at: Floats,
    period: Period,
    seed: int,
) -> pl.DataFrame:
    """What the sales team knows: everything about companies and contacts, something about shoppers."""
    rng = stream(seed, "crm customers")
    crm = accounts["crm"]
    person, count = crm.person, len(crm.person)
    created_at = np.minimum(people.joined_at[person] + rng.exponential(10, count) * DAY, period.closes_at - DAY)
    updated_at = created_at + (period.closes_at - created_at) * rng.random(count)
    terminated_at = period.known(where(chance(rng, TERMINATED_SHARE, count), seen_at[person] + 40 * DAY))
    updated_at = np.fmax(updated_at, terminated_at)
    frame = contact_details(rng, "crm", people, crm).with_columns(
        pl.col("channel").alias("acquisition_channel"),
        pick(rng, employees.to_list(), count).alias("owner_id"),
        pick(rng, CRM_STAGES, count).alias("source_stage"),
        *_relations(rng, people, crm),
        instants("terminated_at", terminated_at),
        pl.when(pl.Series(~np.isnan(terminated_at)))
        .then(pick(rng, WORDS["reasons"]["termination"], count))
        .alias("termination_reason"),
        instants("created_at", created_at),
        instants("updated_at", updated_at),
    )
    changed = {
        "owner_id": pick(rng, employees.to_list(), count),
        "terminated_at": None,
        "termination_reason": None,
    }
    return _with_older_versions(rng, frame, changed)


def _relations(rng: np.random.Generator, people: People, crm: Accounts) -> list[pl.Expr]:
    """By whom customers were referred, and the companies that contacts work for."""
    person = crm.person
    referrer = crm.ids(rng.integers(0, np.maximum(person, 1)))
    is_referred = pl.Series(chance(rng, REFERRED_SHARE, len(person)))
    employer = people.frame.get_column("employer").gather(person)
    company = crm.ids(employer.fill_null(0).to_numpy())
    return [
        pl.when(is_referred).then(referrer).alias("referred_by_customer_id"),
        pl.when(employer.is_not_null()).then(company).alias("company_customer_id"),
    ]


def shop_customers(
    people: People,
    accounts: Mapping[str, Accounts],
    *,
    campaigns: pl.DataFrame,
    seen_at: Floats,
    period: Period,
    seed: int,
) -> pl.DataFrame:
    """Accounts of the shop; those that a person opened twice were merged later, in chains."""
    rng = stream(seed, "shop customers")
    shop = accounts["shop"]
    person, count = shop.person, len(shop.person)
    created_at = people.joined_at[person]
    updated_at = created_at + (period.closes_at - created_at) * rng.random(count)
    deleted_at = period.known(where(chance(rng, DELETED_SHARE, count), seen_at[person] + 50 * DAY))
    updated_at = np.fmax(updated_at, deleted_at)
    acquiring = campaigns.filter(pl.col("objective") == "acquire")["campaign_id"]
    has_campaign = pl.Series(chance(rng, 0.15, count))
    tier = positions(rng, len(TIERS), count, (0.6, 0.28, 0.12))
    frame = contact_details(rng, "shop", people, shop).with_columns(
        pl.col("channel").alias("acquisition_channel"),
        pl.when(has_campaign).then(pick(rng, acquiring.to_list(), count)).alias("acquisition_campaign_id"),
        pl.Series(TIERS).gather(tier).alias("loyalty_tier"),
        pl.Series("marketing_consent", chance(rng, 0.6, count)),
        instants("consent_updated_at", created_at),
        pl.when(pl.Series(shop.merged_into >= 0))
        .then(shop.customer_id.gather(np.maximum(shop.merged_into, 0)))
        .alias("merged_into_id"),
        instants("created_at", created_at),
        instants("updated_at", updated_at),
        instants("deleted_at", deleted_at),
    )
    lower = pl.Series(TIERS).gather(np.maximum(tier - 1, 0))
    return _with_older_versions(rng, frame, {"loyalty_tier": lower, "merged_into_id": None, "deleted_at": None})


def service_customers(
    people: People,
    accounts: Mapping[str, Accounts],
    *,
    period: Period,
    seed: int,
) -> pl.DataFrame:
    """The help desk's list of contacts."""
    rng = stream(seed, "service customers")
    desk = accounts["service"]
    count = len(desk.person)
    created_at = np.minimum(people.joined_at[desk.person] + rng.exponential(5, count) * DAY, period.closes_at)
    frame = contact_details(rng, "service", people, desk).with_columns(
        instants("created_at", created_at),
        instants("updated_at", created_at + (period.closes_at - created_at) * rng.random(count)),
    )
    return frame.select(
        "customer_id", "email", "full_name", "phone", "country", "language", "created_at", "updated_at",
    )  # fmt: skip


def _with_older_versions(
    rng: np.random.Generator,
    frame: pl.DataFrame,
    changed: Mapping[str, pl.Series | None],
) -> pl.DataFrame:
    """The list with an older version of some records, written when they were created."""
    earlier = [
        (pl.lit(None, frame.schema[name]) if values is None else values).alias(name) for name, values in changed.items()
    ]
    is_changed = (
        pl.Series(chance(rng, OLDER_VERSION_SHARE, frame.height))
        & frame.select(
            pl.col("updated_at") > pl.col("created_at") + pl.duration(days=1),
        ).to_series()
    )
    older = frame.with_columns(*earlier, pl.col("created_at").alias("updated_at")).filter(is_changed)
    return pl.concat([older, frame]).sort("customer_id", "updated_at", maintain_order=True)
