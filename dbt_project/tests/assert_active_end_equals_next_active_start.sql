-- a period starts with those whom the one before it left, and none is missing in between
with

periods as (
    select
        *,
        lead(period_start) over in_turn as next_period_start,
        lead(active_start_count) over in_turn as next_active_start_count
    from {{ ref('fct_churn_periods') }}
    where basis = 'logo'
    window in_turn as (
        partition by churn_model, period_grain, segment_type, segment_value
        order by period_start
    )
)

select
    period_grain,
    period_start,
    segment_value
from periods
where
    next_period_start is not null
    and (next_period_start != period_end or next_active_start_count != active_end_count)
