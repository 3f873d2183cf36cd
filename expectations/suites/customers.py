"""What we demand of every customer record, whatever its source."""

from expectations.demands import email_shaped, in_order, not_before, not_in_future, phone_shaped, suite

customers = suite(
    "customers",
    email_shaped("email"),
    phone_shaped("phone"),
    not_before("birth_date", "1900-01-01"),
    not_in_future("birth_date", "consent_updated_at", "terminated_at", "created_at", "updated_at", "deleted_at"),
    # a day without a time of day is often all that is known of a change
    in_order("created_at", "updated_at", severity="warning"),
)
