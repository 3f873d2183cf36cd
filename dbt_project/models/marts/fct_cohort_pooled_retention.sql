with

published as (
    select * from {{ ref('fct_cohort_retention') }}
),

measured as (
    select * from {{ ref('int_cohort_cells') }}
),

-- sums are of amounts that nobody has rounded yet
filled as (
    select
        published.cohort_grain,
        published.cohort_start,
        published.segment_type,
        published.segment_value,
        published.period_number,
        published.maturity,
        published.cohort_size,
        published.active_count,
        published.continuous_active_count,
        coalesce(measured.net_amount, 0) as net_amount,
        coalesce(measured.known_margin_amount, 0) as known_margin_amount,
        published.cumulative_margin_amount is not null as has_margin
    from published
    left join measured
    on
        published.cohort_grain = measured.cohort_grain
        and published.cohort_start = measured.cohort_start
        and published.segment_type = measured.segment_type
        and published.segment_value = measured.segment_value
        and published.period_number = measured.period_number
),

cells as (
    select
        *,
        max(case when period_number = 0 then net_amount end) over so_far as start_net_amount,
        sum(net_amount) over so_far as cumulative_net_amount,
        sum(known_margin_amount) over so_far as cumulative_margin_amount
    from filled
    window so_far as (
        partition by cohort_grain, cohort_start, segment_type, segment_value
        order by period_number asc
        rows between unbounded preceding and current row
    )
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
        case when bool_and(has_margin) then sum(cumulative_margin_amount) end
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
