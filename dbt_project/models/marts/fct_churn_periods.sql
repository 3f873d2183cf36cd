with

lapse_churn as (
    select * from {{ ref('int_lapse_churn_periods') }}
)

select
    'logo' as basis,
    'lapse' as churn_model,
    period_grain,
    period_start,
    period_end,
    {{ maturity() }} as maturity,
    segment_type,
    segment_value,
    cast(active_start_count as bigint) as active_start_count,
    cast(new_count as bigint) as new_count,
    cast(reactivated_count as bigint) as reactivated_count,
    cast(lost_count as bigint) as lost_count,
    cast(new_and_lost_count as bigint) as new_and_lost_count,
    cast(
        active_start_count + new_count + reactivated_count - lost_count - new_and_lost_count
        as bigint
    ) as active_end_count,
    cast(lost_count as double) / nullif(active_start_count, 0) as churn_ratio,
    cast({{ wilson_low('lost_count', 'active_start_count') }} as double) as churn_ci_low,
    cast({{ wilson_high('lost_count', 'active_start_count') }} as double) as churn_ci_high,
    cast(null as decimal(18, 2)) as start_mrr_amount,
    cast(null as decimal(18, 2)) as new_mrr_amount,
    cast(null as decimal(18, 2)) as reactivation_mrr_amount,
    cast(null as decimal(18, 2)) as expansion_mrr_amount,
    cast(null as decimal(18, 2)) as contraction_mrr_amount,
    cast(null as decimal(18, 2)) as churned_mrr_amount,
    cast(null as decimal(18, 2)) as exchange_effect_amount,
    cast(null as decimal(18, 2)) as end_mrr_amount,
    cast(null as double) as gross_revenue_churn_ratio,
    cast(null as double) as net_revenue_retention_ratio
from lapse_churn
