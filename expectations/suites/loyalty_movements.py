"""What we demand of every movement of loyalty points, whatever its source."""

from expectations.demands import in_order, non_zero, not_in_future, suite

loyalty_movements = suite(
    "loyalty_movements",
    non_zero("points"),
    not_in_future("occurred_at"),
    # a reversal may reach back to points that have expired
    in_order("occurred_at", "expires_on", severity="warning"),
)
