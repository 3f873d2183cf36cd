"""How each system writes the same person down: spelling, e-mail case and form of telephone numbers differ."""

import numpy as np
import polars as pl

from orchestration.demo.accounts import Accounts
from orchestration.demo.draws import chance, positions
from orchestration.demo.people import People
from orchestration.demo.vocabulary import COUNTRIES

EMAIL_KNOWN = {"crm": 0.85, "shop": 0.97, "service": 0.92}
PHONE_KNOWN = {"crm": 0.90, "shop": 0.70, "service": 0.60}


def contact_details(rng: np.random.Generator, system: str, people: People, accounts: Accounts) -> pl.DataFrame:
    """One row per account: its person's details in the spelling of the system."""
    count = len(accounts.person)
    frame = people.frame[accounts.person].with_columns(
        accounts.customer_id,
        spelling=pl.Series(positions(rng, 4, count, (0.72, 0.1, 0.1, 0.08))),
        case=pl.Series(positions(rng, 4, count, (0.8, 0.08, 0.08, 0.04))),
        form=pl.Series(positions(rng, 4, count)),
        has_email=pl.Series(chance(rng, EMAIL_KNOWN[system], count)),
        has_phone=pl.Series(chance(rng, PHONE_KNOWN[system], count)),
    )
    labels = {country.code: country.labels[system] for country in COUNTRIES}
    return frame.with_columns(
        full_name=_spelt_name(system),
        email=pl.when("has_email").then(_spelt_email()),
        phone=pl.when("has_phone").then(_spelt_phone()),
        country=pl.col("country").replace_strict(labels),
        gender=pl.when(~pl.col("is_company")).then("gender"),
        birth_date=pl.when(~pl.col("is_company")).then("birth_date"),
        customer_type=pl.when("is_company").then(pl.lit("company")).otherwise(pl.lit("person")),
    )


def _spelt_name(system: str) -> pl.Expr:
    plain = pl.when(pl.col("is_test")).then(pl.lit("Test Test")).otherwise("full_name")
    # The help desk was bought abroad: its staff type Latin letters.
    usual = pl.col("latin_name") if system == "service" else plain
    return (
        pl.when(pl.col("spelling") == 1)
        .then(usual.str.to_uppercase())
        .when(pl.col("spelling") == 2)
        .then(pl.format("{} {}", "latin_surname", "latin_given"))
        .when(pl.col("spelling") == 3)
        .then(pl.format("  {} ", usual))
        .otherwise(usual)
    )


def _spelt_email() -> pl.Expr:
    plain = pl.when("is_test").then(pl.format("test+{}@example.com", "person")).otherwise("email")
    return (
        pl.when(pl.col("case") == 1)
        .then(plain.str.to_uppercase())
        .when(pl.col("case") == 2)
        .then(plain.str.to_titlecase())
        .when(pl.col("case") == 3)
        .then(pl.format(" {}", plain))
        .otherwise(plain)
    )


def _spelt_phone() -> pl.Expr:
    """International with spaces, international without, dialled from abroad, national."""
    national = (
        pl.when(pl.col("country") == "DE")
        .then(pl.format("0{}/{}", "phone_prefix", "phone_digits"))
        .when(pl.col("country") == "US")
        .then(pl.format("({}) {}", "phone_prefix", "phone_digits"))
        .otherwise(pl.format("{} {}", "phone_prefix", "phone_digits"))
    )
    return (
        pl.when(pl.col("form") == 0)
        .then(pl.format("+{} {} {}", "phone_code", "phone_prefix", "phone_digits"))
        .when(pl.col("form") == 1)
        .then(pl.format("+{}{}{}", "phone_code", "phone_prefix", "phone_digits"))
        .when(pl.col("form") == 2)
        .then(pl.format("+{}-{}-{}", "phone_code", "phone_prefix", "phone_digits"))
        .otherwise(national)
    )
