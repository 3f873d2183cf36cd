-- what came and went explains the end from the start, and nobody is lost who was not there
select
    period_grain,
    period_start,
    segment_value
from {{ ref('fct_churn_periods') }}
where
    basis = 'logo'
    and (
        active_end_count
        is distinct from active_start_count + new_count + reactivated_count
        - lost_count - new_and_lost_count
        or lost_count > active_start_count
        or new_and_lost_count > new_count + reactivated_count
        or least(active_start_count, new_count, reactivated_count, lost_count, active_end_count) < 0
    )
