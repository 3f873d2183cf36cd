"""Currencies: the codes there are, and the words that stand for one of them alone."""

from collections.abc import Mapping
from datetime import date
from functools import cache
from types import MappingProxyType

from babel.core import get_global
from babel.numbers import get_territory_currencies

from orchestration.feed.quoting import literal

# ¥, $ and £ belong to several currencies and are therefore not here.
_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "RMB": "CNY", "人民币": "CNY", "人民幣": "CNY", "元": "CNY", "CN¥": "CNY",
        "€": "EUR", "EURO": "EUR", "欧元": "EUR",
        "US$": "USD", "美元": "USD",
        "HK$": "HKD", "港元": "HKD", "港币": "HKD",
        "日元": "JPY", "英镑": "GBP",
    }
)  # fmt: skip


@cache
def known_currencies() -> frozenset[str]:
    """ISO 4217 codes of the currencies that were legal tender somewhere in this century."""
    territories = get_global("territory_currencies")
    return frozenset(
        code
        for territory in territories
        for code in get_territory_currencies(territory, date(2000, 1, 1), date(2200, 12, 31))
    )


def currency_code(text: str) -> str:
    """The code that a text stands for, in capitals: an SQL expression."""
    words = " ".join(f"when {literal(word)} then {literal(code)}" for word, code in _WORDS.items())
    return f"case upper({text}) {words} else upper({text}) end"
