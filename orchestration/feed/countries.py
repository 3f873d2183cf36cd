"""Countries: which code a code or name stands for."""

import unicodedata
from collections.abc import Mapping
from functools import cache, lru_cache
from types import MappingProxyType

from babel import Locale
from babel.core import get_global

_LANGUAGES = ("en", "zh_Hans", "zh_Hant", "de")

# Two letters that are in use but that ISO 3166-1 assigns to no country: islands, unions, test codes.
_NO_COUNTRIES = frozenset({"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"})

# What people write besides the names of today's Unicode locales.
_ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "UK": "GB", "Great Britain": "GB", "Britain": "GB", "England": "GB", "Scotland": "GB", "Wales": "GB",
        "Northern Ireland": "GB", "Großbritannien": "GB", "Grossbritannien": "GB", "英格兰": "GB",
        "United States of America": "US", "America": "US", "Vereinigte Staaten von Amerika": "US",
        "美利坚合众国": "US",
        "PRC": "CN", "PR China": "CN", "P.R. of China": "CN", "People's Republic of China": "CN",
        "Mainland China": "CN", "China Mainland": "CN", "Volksrepublik China": "CN", "VR China": "CN",
        "中国大陆": "CN", "中國大陸": "CN", "中华人民共和国": "CN",
        "Hong Kong": "HK", "Hongkong": "HK", "香港": "HK", "中国香港": "HK", "香港特别行政区": "HK",
        "Macau": "MO", "Macao": "MO", "澳门": "MO", "澳門": "MO", "中国澳门": "MO", "澳门特别行政区": "MO",
        "中国台湾": "TW", "臺灣": "TW", "台湾省": "TW", "Taiwan, Province of China": "TW",
        "Eire": "IE", "Republic of Ireland": "IE",
        "Federal Republic of Germany": "DE", "Bundesrepublik Deutschland": "DE", "BRD": "DE",
        "Korea": "KR", "Republic of Korea": "KR", "Korea, Republic of": "KR", "大韩民国": "KR", "南韩": "KR",
        "Russian Federation": "RU", "Russische Föderation": "RU", "Viet Nam": "VN", "Holland": "NL",
        "The Netherlands": "NL", "Czech Republic": "CZ", "Tschechische Republik": "CZ", "Turkey": "TR",
        "UAE": "AE", "VAE": "AE", "阿联酋": "AE", "Ivory Coast": "CI", "Burma": "MM", "Swaziland": "SZ",
        "Macedonia": "MK", "KSA": "SA", "沙特": "SA", "Slovak Republic": "SK",
    }
)  # fmt: skip


def _folded(name: str) -> str:
    """A name's letters alone, in small type and without accents: 'Österreich' is osterreich."""
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    return "".join(letter for letter in decomposed if letter.isalpha())


@cache
def _codes() -> Mapping[str, str]:
    territories = map(str, Locale.parse("en").territories)
    codes = {code for code in territories if len(code) == 2 and code.isalpha()} - _NO_COUNTRIES
    names = {
        name: code
        for language in _LANGUAGES
        for code, name in Locale.parse(language).territories.items()
        if code in codes
    }
    aliases: Mapping[str, list[str]] = get_global("territory_aliases")
    three_letters = {
        alias: of[0]
        for alias, of in aliases.items()
        if len(alias) == 3 and alias.isalpha() and len(of) == 1 and of[0] in codes
    }
    known = {**names, **_ALIASES, **three_letters, **{code: code for code in codes}}
    return {_folded(name): code for name, code in known.items()}


@lru_cache(maxsize=10_000)
def country_code(text: str) -> str | None:
    """The ISO 3166-1 alpha-2 code of a country given by code or name; None if it is none."""
    return _codes().get(_folded(text))
