"""What we demand of every lead, whatever its source."""

from expectations.demands import email_shaped, in_order, not_in_future, phone_shaped, suite

leads = suite(
    "leads",
    email_shaped("email"),
    phone_shaped("phone"),
    not_in_future("created_at", "first_contacted_at", "qualified_at", "converted_at", "updated_at"),
    in_order("created_at", "first_contacted_at"),
    in_order("created_at", "qualified_at"),
    in_order("created_at", "converted_at"),
    in_order("created_at", "updated_at", severity="warning"),
)
