"""The words of words.yml: countries with their names and places, goods, reasons and comments."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import yaml

WORDS: Mapping[str, Any] = yaml.safe_load(
    files(__package__).joinpath("words.yml").read_text(encoding="utf-8"),
)


@dataclass(frozen=True)
class Country:
    """One market of the company; a name is a pair: as written, as spelt in Latin letters."""

    code: str
    labels: Mapping[str, str]
    language: str
    currency: str
    utc_offset_hours: int
    surnames: tuple[tuple[str, str], ...]
    given: tuple[tuple[str, str], ...]
    places: tuple[tuple[str, str, str], ...]
    streets: tuple[str, ...]
    companies: tuple[str, ...]
    phone_code: str
    phone_prefixes: tuple[str, ...]
    phone_digits: int


def _country(words: Mapping[str, Any]) -> Country:
    return Country(
        code=words["country"],
        labels=words["labels"],
        language=words["language"],
        currency=words["currency"],
        utc_offset_hours=words["utc_offset_hours"],
        surnames=tuple(words["surnames"].items()),
        given=tuple(words["given"].items()),
        places=tuple((city, region, postcode) for city, region, postcode in words["places"]),
        streets=tuple(words["streets"]),
        companies=tuple(words["companies"]),
        phone_code=words["phone"]["code"],
        phone_prefixes=tuple(words["phone"]["prefixes"]),
        phone_digits=words["phone"]["digits"],
    )


COUNTRIES: tuple[Country, ...] = tuple(_country(WORDS[name]) for name in ("china", "germany", "america"))
COUNTRY_SHARES = (0.5, 0.3, 0.2)
CURRENCIES: tuple[str, ...] = tuple(country.currency for country in COUNTRIES)

# What one unit of value costs in each currency: the company thinks in units and prices in money.
MONEY_PER_UNIT: Mapping[str, float] = {"CNY": 7.0, "EUR": 0.9, "USD": 1.0}
