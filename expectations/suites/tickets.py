"""What we demand of every service case, whatever its source."""

from expectations.demands import in_order, not_in_future, not_negative, suite

tickets = suite(
    "tickets",
    not_negative("reopened_count"),
    not_in_future("opened_at", "first_response_at", "resolved_at", "updated_at"),
    in_order("opened_at", "first_response_at"),
    in_order("opened_at", "resolved_at"),
)
