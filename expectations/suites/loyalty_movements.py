"""What we demand of every movement of loyalty points, whatever its source."""

from expectations.demands import non_zero, not_in_future, suite

loyalty_movements = suite(
    "loyalty_movements",
    non_zero("points"),
    not_in_future("occurred_at"),
)
