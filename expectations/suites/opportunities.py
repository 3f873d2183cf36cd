"""What we demand of every opportunity, whatever its source."""

from expectations.demands import in_order, not_in_future, not_negative, suite

opportunities = suite(
    "opportunities",
    not_negative("amount"),
    not_in_future("created_at", "quoted_at", "contract_signed_at", "closed_at", "updated_at", "deleted_at"),
    in_order("created_at", "quoted_at"),
    in_order("created_at", "closed_at"),
    in_order("contract_starts_at", "contract_ends_at"),
    in_order("created_at", "updated_at", severity="warning"),
)
