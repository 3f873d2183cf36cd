select
    cohort_grain,
    cohort_start,
    segment_type,
    segment_value
from {{ ref('fct_cohort_retention') }}
group by cohort_grain, cohort_start, segment_type, segment_value
having
    min(cohort_size) <> max(cohort_size)
    or count(*) <> max(period_number) + 1
