"""What we demand of every contact with a customer, whatever its source."""

from expectations.demands import not_in_future, not_negative, suite

interactions = suite(
    "interactions",
    not_negative("duration_seconds"),
    not_in_future("occurred_at"),
)
