"""What we demand of every survey answer, whatever its source."""

from expectations.demands import in_order, not_in_future, score_in_scale, suite

survey_responses = suite(
    "survey_responses",
    score_in_scale(),
    in_order("scale_min", "scale_max"),
    not_in_future("sent_at", "responded_at"),
    in_order("sent_at", "responded_at"),
)
