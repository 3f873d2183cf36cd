"""What we demand of every campaign, whatever its source."""

from expectations.demands import in_order, not_negative, suite

campaigns = suite(
    "campaigns",
    not_negative("budget_amount"),
    in_order("started_at", "ended_at"),
)
