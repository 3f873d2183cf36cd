"""Countries by code, by name in three languages, and by what people write."""

import pytest

from orchestration.feed.countries import country_code


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("GB", ["GB", "gbr", "UK", "U.K.", "United Kingdom", "英国", "Vereinigtes Königreich", "England"]),
        (
            "US",
            [
                "us",
                "USA",
                "U.S.A.",
                "United States",
                "United States of America",
                "美国",
                "Vereinigte Staaten",
            ],
        ),
        ("CN", ["CN", "CHN", "PRC", "China", "中国", "中國", "中国大陆", "中华人民共和国", "Mainland China"]),
        ("TW", ["TW", "Taiwan", "台湾", "台灣", "中国台湾"]),
        ("HK", ["HK", "Hong Kong", "香港", "Hongkong", "中国香港特别行政区"]),
        ("IE", ["Ireland", "EIRE", "Irland", "爱尔兰"]),
        ("DE", ["Germany", "DEU", "Deutschland", "德国", " germany "]),
        ("AT", ["Österreich", "osterreich", "Austria"]),
        ("CI", ["Côte d\u2019Ivoire", "Cote d'Ivoire"]),
        ("KR", ["South Korea", "Korea, Republic of", "韩国"]),
    ],
)
def test_a_country_is_known_by_its_codes_and_names(code, names):
    assert {name: country_code(name) for name in names} == dict.fromkeys(names, code)


@pytest.mark.parametrize("text", ["", "-", "Atlantis", "XX", "ZZ", "EU", "EUR", "世界", "123"])
def test_what_is_no_country_has_no_code(text):
    assert country_code(text) is None
