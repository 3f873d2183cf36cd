"""What we demand of every request to be forgotten, whatever its source."""

from expectations.demands import email_shaped, not_in_future, suite

erasure_requests = suite(
    "erasure_requests",
    email_shaped("email"),
    not_in_future("requested_at"),
)
