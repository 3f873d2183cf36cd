"""The people and companies that the demo company deals with, each once, as they truly are."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from orchestration.demo.draws import Booleans, Floats, chance, pick, positions, stream, where
from orchestration.demo.period import DAY, Season
from orchestration.demo.vocabulary import COUNTRIES, COUNTRY_SHARES, WORDS, Country

COMPANY_SHARE = 0.06
CONTACT_SHARE = 0.10
TEST_SHARE = 0.004
CHANNEL_SHARES = (0.30, 0.25, 0.12, 0.18, 0.05, 0.10)


@dataclass(frozen=True)
class People:
    """One row per person or company in `frame`; the arrays are columns of it that much is computed from.

    `country` is a position in COUNTRIES, `joined` the business day of the first acquaintance.
    """

    frame: pl.DataFrame
    country: np.ndarray[tuple[int], np.dtype[np.int64]]
    joined: Floats
    joined_at: Floats
    is_company: Booleans
    is_contact: Booleans
    is_test: Booleans

    @property
    def count(self) -> int:
        """Number of people and companies."""
        return self.frame.height

    @property
    def utc_offset_hours(self) -> Floats:
        """Each one's clock."""
        return np.array([float(country.utc_offset_hours) for country in COUNTRIES])[self.country]


def meet(count: int, seed: int, season: Season) -> People:
    """So many people and companies, met over the whole period, in order of acquaintance."""
    rng = stream(seed, "people")
    country = positions(rng, len(COUNTRIES), count, COUNTRY_SHARES)
    joined = np.sort(season.length * rng.random(count) ** 0.9)
    is_company = chance(rng, COMPANY_SHARE, count)
    is_contact = chance(rng, CONTACT_SHARE, count) & ~is_company
    is_test = chance(rng, TEST_SHARE, count) & ~is_company & ~is_contact
    offset = np.array([float(of.utc_offset_hours) for of in COUNTRIES])[country]
    joined_at = season.seconds(joined, offset)
    frame = pl.concat(
        [_inhabitants(rng, COUNTRIES[k], np.flatnonzero(country == k)) for k in range(len(COUNTRIES))],
    ).sort("person")
    frame = frame.with_columns(
        pl.Series("is_company", is_company),
        pl.Series("is_test", is_test),
        pl.Series("employer", _employers(rng, is_company, is_contact)),
        pick(rng, WORDS["channels"], count, CHANNEL_SHARES).alias("channel"),
    ).with_columns(company_name=pl.when("is_company").then("company_name"))
    return People(frame, country, joined, joined_at, is_company, is_contact, is_test)


def _inhabitants(
    rng: np.random.Generator,
    country: Country,
    person: np.ndarray[tuple[int], np.dtype[np.int64]],
) -> pl.DataFrame:
    """Names, addresses and numbers as they are usual in the country."""
    count = len(person)
    surname, given, place = (
        positions(rng, len(options), count) for options in (country.surnames, country.given, country.places)
    )
    frame = pl.DataFrame({"person": person}).with_columns(
        surname=pl.Series([native for native, _ in country.surnames]).gather(surname),
        given=pl.Series([native for native, _ in country.given]).gather(given),
        latin_surname=pl.Series([latin for _, latin in country.surnames]).gather(surname),
        latin_given=pl.Series([latin for _, latin in country.given]).gather(given),
        city=pl.Series([city for city, _, _ in country.places]).gather(place),
        region=pl.Series([region for _, region, _ in country.places]).gather(place),
        postal_code=pl.Series([code for _, _, code in country.places]).gather(place),
        street=pick(rng, country.streets, count),
        house=pl.Series(rng.integers(1, 200, count)),
        company_kind=pick(rng, country.companies, count),
        company_word=pick(rng, WORDS["company_words"], count),
        gender=pick(rng, ["female", "male"], count),
        birth_date=_birth_dates(rng, count),
        host=pick(rng, ["example.com", "example.org", "example.net"], count),
        phone_prefix=pick(rng, country.phone_prefixes, count),
        phone_digits=_subscriber_numbers(rng, person, country),
    )
    return frame.select(
        "person", "city", "region", "postal_code", "gender", "birth_date", "latin_given", "latin_surname",
        "phone_prefix", "phone_digits", *_composed(country),
    )  # fmt: skip


def _composed(country: Country) -> list[pl.Expr]:
    """What is put together from the parts: whole names, addresses, mailboxes."""
    is_chinese = country.code == "CN"
    full_name = pl.format("{}{}", "surname", "given") if is_chinese else pl.format("{} {}", "given", "surname")
    address = pl.format("{}{}号", "street", "house") if is_chinese else pl.format("{} {}", "street", "house")
    mailbox = pl.format("{}.{}{}@{}", "latin_given", "latin_surname", "person", "host").str.to_lowercase()
    return [
        pl.format("P{}", pl.col("person").cast(pl.String).str.zfill(7)).alias("person_id"),
        full_name.alias("full_name"),
        pl.format("{} {}", "latin_given", "latin_surname").alias("latin_name"),
        pl.format("{} {} {}", "company_word", "city", "company_kind").alias("company_name"),
        mailbox.alias("email"),
        address.alias("address"),
        pl.lit(country.phone_code).alias("phone_code"),
        pl.lit(country.code).alias("country"),
        pl.lit(country.language).alias("language"),
        pl.lit(country.currency).alias("currency"),
    ]


def _subscriber_numbers(
    rng: np.random.Generator,
    person: np.ndarray[tuple[int], np.dtype[np.int64]],
    country: Country,
) -> pl.Series:
    """Numbers that two people never share: they count up in large steps from a drawn start."""
    # A first digit of at least 2 is what every numbering plan here accepts.
    span = 7 * 10 ** (country.phone_digits - 1)
    number = (int(rng.integers(0, span)) + person * 104_729) % span + 2 * 10 ** (country.phone_digits - 1)
    return pl.Series(number).cast(pl.String)


def _birth_dates(rng: np.random.Generator, count: int) -> pl.Series:
    """Adults of 18 to 75 years, a third of whom never said."""
    days = where(chance(rng, 0.66, count), rng.integers(0, 57 * 365, count).astype(np.float64))
    since = pl.Series(days, nan_to_null=True).cast(pl.Int64) * int(DAY) * 1_000_000
    shift = int((date(1950, 1, 1) - date(1970, 1, 1)).days * DAY) * 1_000_000
    return (since + shift).cast(pl.Datetime("us")).cast(pl.Date)


def _employers(rng: np.random.Generator, is_company: Booleans, is_contact: Booleans) -> pl.Series:
    """For each contact one of the companies."""
    companies = np.flatnonzero(is_company)
    employer = np.full(len(is_company), np.nan)
    if len(companies):
        employer[is_contact] = companies[rng.integers(0, len(companies), int(is_contact.sum()))]
    return pl.Series(employer, nan_to_null=True).cast(pl.Int64)
