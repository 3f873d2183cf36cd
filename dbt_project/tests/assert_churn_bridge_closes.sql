-- what came and went explains the end from the start, in customers and to the cent, and nobody is
-- lost who was not there
select
    basis,
    period_grain,
    period_start,
    segment_value
from {{ ref('fct_churn_periods') }}
where
    (
        basis = 'logo'
        and (
            active_end_count
            is distinct from active_start_count + new_count + reactivated_count
            - lost_count - new_and_lost_count
            or lost_count > active_start_count
            or voluntary_lost_count + involuntary_lost_count > lost_count
            or new_and_lost_count > new_count + reactivated_count
            or least(
                active_start_count, new_count, reactivated_count, lost_count, active_end_count
            ) < 0
        )
    )
    or (
        basis = 'revenue'
        and (
            end_mrr_amount
            is distinct from start_mrr_amount + new_mrr_amount + reactivation_mrr_amount
            + expansion_mrr_amount - contraction_mrr_amount - churned_mrr_amount
            + exchange_effect_amount
            or (segment_type = 'currency' and exchange_effect_amount != 0)
            or least(
                start_mrr_amount, new_mrr_amount, reactivation_mrr_amount, expansion_mrr_amount,
                contraction_mrr_amount, churned_mrr_amount, end_mrr_amount
            ) < 0
        )
    )
