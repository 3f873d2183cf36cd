with

cells as (
    select
        *,
        max(case when period_number = 0 then net_amount end) over (
            partition by cohort_grain, cohort_start, segment_type, segment_value
        ) as start_net_amount
    from {{ ref('fct_cohort_retention') }}
),

-- a cohort still running would count its silence to come
pooled as (
    select
        cohort_grain,
        segment_type,
        segment_value,
        period_number,
        count(*) as cohort_count,
        sum(cohort_size) as cohort_size,
        sum(active_count) as active_count,
        sum(continuous_active_count) as continuous_active_count,
        sum(start_net_amount) as start_net_amount,
        sum(net_amount) as net_amount,
        sum(cumulative_net_amount) as cumulative_net_amount,
        case when count(cumulative_margin_amount) = count(*) then sum(cumulative_margin_amount) end
            as cumulative_margin_amount
    from cells
    where maturity = 'complete'
    group by cohort_grain, segment_type, segment_value, period_number
)

select
    cohort_grain,
    segment_type,
    segment_value,
    period_number,
    cohort_count,
    cast(cohort_size as bigint) as cohort_size,
    cast(active_count as bigint) as active_count,
    cast(continuous_active_count as bigint) as continuous_active_count,
    cast(active_count as double) / nullif(cohort_size, 0) as retention_ratio,
    cast({{ wilson_low('active_count', 'cohort_size') }} as double) as retention_ci_low,
    cast({{ wilson_high('active_count', 'cohort_size') }} as double) as retention_ci_high,
    cast(continuous_active_count as double) / nullif(cohort_size, 0) as continuous_retention_ratio,
    cast(net_amount as double)
    / nullif(greatest(cast(start_net_amount as double), 0), 0) as net_revenue_retention_ratio,
    {{ rounded_money('start_net_amount') }} as start_net_amount,
    {{ rounded_money('net_amount') }} as net_amount,
    {{ rounded_money('cast(cumulative_net_amount as double) / nullif(cohort_size, 0)') }}
        as mean_cumulative_net_amount,
    {{ rounded_money('cast(cumulative_margin_amount as double) / nullif(cohort_size, 0)') }}
        as mean_cumulative_margin_amount,
    cohort_size >= {{ parameter('minimum_reportable_count') }} as is_reportable
from pooled
