"""What we demand of every target, whatever its source."""

from expectations.demands import not_before, suite

targets = suite(
    "targets",
    not_before("period_month", "1900-01-01"),
)
