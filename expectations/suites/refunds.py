"""What we demand of every refund, whatever its source."""

from expectations.demands import not_in_future, positive, suite

refunds = suite(
    "refunds",
    positive("amount"),
    not_in_future("refunded_at"),
)
