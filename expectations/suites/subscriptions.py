"""What we demand of every subscription, whatever its source."""

from expectations.demands import in_order, not_in_future, not_negative, suite

subscriptions = suite(
    "subscriptions",
    not_negative("recurring_amount"),
    # a service may start, and its notice take effect, later than today
    not_in_future("payment_failed_at", "updated_at", "deleted_at"),
    in_order("started_at", "trial_ends_at"),
    in_order("started_at", "ends_at"),
)
