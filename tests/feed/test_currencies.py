"""Which currencies there are."""

from orchestration.feed.currencies import known_currencies


def test_currencies_in_use_are_known_and_those_of_other_centuries_are_not():
    assert {"CNY", "EUR", "USD", "JPY", "KWD", "TWD", "HKD", "HRK", "GBP"} <= known_currencies()
    assert not {"RMB", "DDM", "SUR", "XXX", "¥"} & known_currencies()
