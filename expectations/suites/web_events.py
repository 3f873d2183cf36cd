"""What we demand of every event on a web site or in an app, whatever its source."""

from expectations.demands import not_in_future, suite

web_events = suite(
    "web_events",
    not_in_future("occurred_at"),
)
