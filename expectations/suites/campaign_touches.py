"""What we demand of every touch of a campaign, whatever its source."""

from expectations.demands import email_shaped, not_in_future, suite

campaign_touches = suite(
    "campaign_touches",
    email_shaped("email"),
    not_in_future("touched_at"),
)
