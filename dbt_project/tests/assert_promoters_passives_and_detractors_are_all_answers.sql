select
    period_grain,
    period_start,
    survey_id,
    segment_type,
    segment_value
from {{ ref('fct_nps_periods') }}
where
    response_count <> promoter_count + passive_count + detractor_count
    or answered_of_invited_count > invited_count
    or (response_count = 0) <> (nps is null)
