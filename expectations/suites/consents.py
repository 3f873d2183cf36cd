"""What we demand of every consent, whatever its source."""

from expectations.demands import not_in_future, suite

consents = suite(
    "consents",
    not_in_future("recorded_at"),
)
