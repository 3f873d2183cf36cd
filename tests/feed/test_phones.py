"""Telephone numbers to E.164, with and without a country."""

import pytest

from orchestration.feed.phones import e164


@pytest.mark.parametrize(
    ("text", "country", "expected"),
    [
        ("13800138000", "CN", "+8613800138000"),
        ("138-0013-8000", "CN", "+8613800138000"),
        ("13800138000.0", "CN", "+8613800138000"),
        ("0086 138 0013 8000", "CN", "+8613800138000"),
        ("8613800138000", "CN", "+8613800138000"),
        ("010-62345678", "CN", "+861062345678"),
        ("+49 (0)170 1234567", "CN", "+491701234567"),
        ("0170/1234567", "DE", "+491701234567"),
        ("(212) 555-0100", "US", "+12125550100"),
        ("+8613800138000", None, "+8613800138000"),
        ("138 0013 8000", None, "13800138000"),
        ("(010) 6234-5678", None, "01062345678"),
        ("555-0100", "US", "5550100"),
    ],
)
def test_a_number_is_read_as_one_dials_it(text, country, expected):
    assert e164(text, country) == expected


@pytest.mark.parametrize(
    ("text", "country"),
    [
        ("unknown", "CN"),
        ("1800FLOWERS", "US"),
        ("1.38E+10", "CN"),
        ("123", "CN"),
        ("138001380001390013900013700137000", "CN"),
        ("+999123456789", None),
        ("1234", None),
        ("123456789012345678901", None),
        ("-", None),
        ("", "CN"),
    ],
)
def test_what_cannot_be_dialled_from_abroad_is_no_number(text, country):
    assert e164(text, country) is None
