-- a period starts with those whom the one before it left, and none is missing in between; plan,
-- billing period and currency of a customer's greatest contract may change from one to the next
with

periods as (
    select
        *,
        lead(period_start) over in_turn as next_period_start,
        lead(active_start_count) over in_turn as next_active_start_count,
        lead(start_mrr_amount) over in_turn as next_start_mrr_amount
    from {{ ref('fct_churn_periods') }}
    window in_turn as (
        partition by basis, churn_model, period_grain, segment_type, segment_value
        order by period_start
    )
)

select
    basis,
    period_grain,
    period_start,
    segment_value
from periods
where
    next_period_start is not null
    and (
        next_period_start != period_end
        or (
            next_active_start_count != active_end_count
            and segment_type not in ('plan', 'billing_period', 'currency')
        )
        or (
            next_start_mrr_amount != end_mrr_amount
            and segment_type not in ('plan', 'billing_period')
        )
    )
