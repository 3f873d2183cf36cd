"""What we demand of every sum spent on marketing, whatever its source."""

from expectations.demands import not_in_future, not_negative, suite

marketing_spend = suite(
    "marketing_spend",
    not_negative("amount", "impressions", "clicks"),
    not_in_future("spend_date"),
)
