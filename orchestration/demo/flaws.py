"""Every kind of dirt that is planted, where, and what must become of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

Outcome = Literal["refused", "warned", "duplicate", "accepted"]
FUTURE = "2099-01-01 09:00:00"
IMPOSSIBLE_DATE = "2025-02-30"
NO_COUNTRY, NO_CURRENCY, NO_CHOICE = "Atlantis", "QQQ", "whatever"
MARK = "changed in the demo"


@dataclass(frozen=True)
class Flaw:
    """One kind of dirt: the values it puts in place, written as text, and the demand that finds it.

    `is_possible` says which rows can be spoilt so. With `is_added` the spoilt row is a copy that comes
    after all others, and the row it was copied from stays as it was.
    """

    kind: str
    demand: str = ""
    outcome: Outcome = "refused"
    values: Mapping[str, pl.Expr] = field(default_factory=dict)
    is_possible: pl.Expr = field(default_factory=lambda: pl.lit(True))
    is_added: bool = False


def _bad_email() -> Flaw:
    value = pl.col("email").str.replace("@", " at ")
    return Flaw("bad_email", "email_is_well_formed", values={"email": value}, is_possible=_is_there("email"))


def _bad_phone() -> Flaw:
    value = {"phone": pl.lit("ask reception")}
    return Flaw("bad_phone", "phone_is_readable", values=value, is_possible=_is_there("phone"))


def _bad_country() -> Flaw:
    return Flaw("unknown_country", "country_is_readable", values={"country": pl.lit(NO_COUNTRY)})


def _bad_currency() -> Flaw:
    return Flaw("unknown_currency", "currency_is_known", values={"currency": pl.lit(NO_CURRENCY)})


def _bad_status() -> Flaw:
    return Flaw("unknown_status", "status_is_known", values={"status": pl.lit(NO_CHOICE)})


def _bad_choice(column: str) -> Flaw:
    return Flaw("unknown_choice", f"{column}_is_known", values={column: pl.lit(NO_CHOICE)})


def _missing(column: str) -> Flaw:
    value = {column: pl.lit(None, pl.String)}
    return Flaw("missing_value", f"{column}_is_present", values=value, is_possible=_is_there(column))


def _impossible(column: str) -> Flaw:
    value = pl.lit(IMPOSSIBLE_DATE) + pl.col(column).str.slice(10)
    return Flaw("impossible_date", f"{column}_is_readable", values={column: value}, is_possible=_is_there(column))


def _future(column: str) -> Flaw:
    value = {column: pl.lit(FUTURE)}
    return Flaw("future_date", f"{column}_is_not_in_the_future", values=value, is_possible=_is_there(column))


def _negative(column: str, demand: str = "is_not_negative") -> Flaw:
    value = {column: pl.format("-{}", column)}
    is_possible = pl.col(column).cast(pl.Float64) > 0
    return Flaw("negative_amount", f"{column}_{demand}", values=value, is_possible=is_possible)


def _swapped(kind: str, earlier: str, later: str, outcome: Outcome = "refused") -> Flaw:
    value = {earlier: pl.col(later), later: pl.col(earlier)}
    return Flaw(kind, f"{earlier}_is_not_after_{later}", outcome, value, is_possible=pl.col(earlier) < pl.col(later))


def _orphan(column: str) -> Flaw:
    value = {column: pl.format("GONE-{}", column)}
    return Flaw("orphan", f"{column}_is_resolvable", "warned", value, is_possible=_is_there(column))


def _is_there(column: str) -> pl.Expr:
    return pl.col(column).is_not_null()


def _again() -> Flaw:
    return Flaw("exact_duplicate", outcome="duplicate", is_added=True)


def _newer(column: str) -> Flaw:
    """The same key, written later, with another content: the row that counts."""
    value = {column: pl.lit(f"{MARK}, newer"), "updated_at": pl.col("updated_at").max()}
    is_possible = pl.col("updated_at") < pl.col("updated_at").max()
    return Flaw("newer_version", outcome="accepted", values=value, is_possible=is_possible, is_added=True)


def _conflicting(column: str) -> Flaw:
    """The same key, written at the same time, with another content: nobody knows which is right."""
    value = {column: pl.lit(f"{MARK}, conflicting")}
    return Flaw("conflicting_version", outcome="accepted", values=value, is_added=True)


def _off_scale() -> Flaw:
    value = {"score": (pl.col("scale_max") + 6).cast(pl.String)}
    return Flaw("score_out_of_range", "score_is_on_its_scale", values=value, is_possible=_is_there("score"))


# Tables too small to lose a row are clean: employees, products, exchange rates, campaigns, targets,
# erasure requests.
FLAWS: Mapping[str, tuple[Flaw, ...]] = {
    "crm.customers": (
        _again(), _newer("address"), _conflicting("address"), _missing("customer_id"), _bad_email(),
        _bad_phone(), _bad_country(), _impossible("created_at"), _future("updated_at"),
        _swapped("updated_before_created", "created_at", "updated_at", "warned"),
        _orphan("company_customer_id"),
    ),
    "crm.leads": (
        _again(), _newer("company_name"), _conflicting("company_name"), _missing("created_at"), _bad_email(),
        _bad_status(), _impossible("first_contacted_at"), _future("qualified_at"), _orphan("customer_id"),
        _swapped("contacted_before_created", "created_at", "first_contacted_at"),
    ),
    "crm.opportunities": (
        _again(), _newer("stage"), _conflicting("stage"), _negative("amount"), _bad_currency(),
        _impossible("expected_close_on"), _future("updated_at"), _orphan("owner_id"),
    ),
    "crm.interactions": (
        _again(), _conflicting("outcome"), _missing("occurred_at"), _bad_choice("channel"),
        _impossible("occurred_at"), _future("occurred_at"), _orphan("customer_id"),
    ),
    "crm.consents": (_again(), _missing("is_granted"), _future("recorded_at"), _orphan("customer_id")),
    "shop.customers": (
        _again(), _newer("address"), _conflicting("address"), _missing("customer_id"), _bad_email(),
        _bad_phone(), _bad_country(), _future("updated_at"), _orphan("merged_into_id"),
        _swapped("updated_before_created", "created_at", "updated_at", "warned"),
    ),
    "shop.orders": (
        _again(), _newer("coupon_code"), _conflicting("coupon_code"), _missing("net_amount"),
        _negative("net_amount"), _bad_currency(), _bad_status(), _future("ordered_at"),
        _orphan("customer_id"),
    ),
    "shop.order_lines": (
        _again(), _missing("product_id"), _negative("quantity"), _negative("net_amount"), _orphan("order_id"),
    ),
    "shop.refunds": (
        _again(), _conflicting("reason"), _negative("amount", "is_positive"), _bad_currency(),
        _future("refunded_at"), _orphan("order_id"),
    ),
    "shop.subscriptions": (
        _again(), _newer("plan"), _missing("customer_id"), _negative("recurring_amount"), _bad_currency(),
        _bad_choice("billing_period"), _swapped("ended_before_started", "started_at", "ends_at"),
        _orphan("customer_id"),
    ),
    "shop.loyalty_movements": (
        _again(), _missing("points"), _bad_choice("kind"), _future("occurred_at"), _orphan("customer_id"),
    ),
    "shop.web_events": (
        _again(), _conflicting("page"), _missing("event_name"), _bad_country(), _future("occurred_at"),
        _orphan("product_id"),
    ),
    "service.customers": (
        _again(), _newer("full_name"), _conflicting("full_name"), _bad_email(), _bad_phone(), _bad_country(),
        _impossible("created_at"),
    ),
    "service.tickets": (
        _again(), _newer("category"), _conflicting("category"), _impossible("opened_at"),
        _future("updated_at"), _orphan("customer_id"),
        _swapped("answered_before_opened", "opened_at", "first_response_at"),
    ),
    "service.survey_responses": (
        _again(), _conflicting("touchpoint"), _missing("survey_id"), _bad_choice("question_type"),
        _off_scale(), _impossible("sent_at"), _orphan("ticket_id"),
        _swapped("responded_before_sent", "sent_at", "responded_at"),
    ),
    "service.campaign_touches": (
        _again(), _missing("touched_at"), _bad_email(), _bad_choice("action"), _impossible("touched_at"),
        _orphan("campaign_id"),
    ),
    "service.marketing_spend": (
        _again(), _negative("amount"), _bad_currency(), _bad_choice("cost_type"), _impossible("spend_date"),
    ),
}  # fmt: skip
