with

measured as (
    select * from {{ ref('int_cohort_cells') }}
),

dates as (
    select * from {{ ref('dim_dates') }}
),

cohorts as (
    select
        cohort_grain,
        cohort_start,
        segment_type,
        segment_value,
        acquired_count as cohort_size
    from measured
    where period_number = 0
),

cohort_grains as (
    select distinct cohort_grain
    from cohorts
),

periods as (
    select distinct
        cohort_grains.cohort_grain,
        {{ period_start('cohort_grains.cohort_grain', 'dates.date_day') }} as period_start
    from dates
    cross join cohort_grains
    where dates.date_day <= {{ as_of_date() }}
),

-- Every period up to the as-of one is a cell, so that silence is a zero and not a gap.
cells as (
    select
        cohorts.cohort_grain,
        cohorts.cohort_start,
        cohorts.segment_type,
        cohorts.segment_value,
        cohorts.cohort_size,
        periods.period_start,
        {{ periods_between(
            'cohorts.cohort_grain', 'cohorts.cohort_start', 'periods.period_start'
        ) }} as period_number
    from cohorts
    inner join periods
    on
        cohorts.cohort_grain = periods.cohort_grain
        and cohorts.cohort_start <= periods.period_start
),

filled as (
    select
        cells.*,
        {{ period_end('cells.cohort_grain', 'cells.period_start') }} as period_end,
        coalesce(measured.active_count, 0) as active_count,
        coalesce(measured.last_active_count, 0) as last_active_count,
        case
            when cells.period_number = 0 then cells.cohort_size
            else coalesce(measured.continuous_active_count, 0)
        end as continuous_active_count,
        coalesce(measured.order_count, 0) as order_count,
        coalesce(measured.unknown_margin_count, 0) as unknown_margin_count,
        coalesce(measured.gross_amount, 0) as gross_amount,
        coalesce(measured.refund_amount, 0) as refund_amount,
        coalesce(measured.net_amount, 0) as net_amount,
        coalesce(measured.known_margin_amount, 0) as known_margin_amount
    from cells
    left join measured
    on
        cells.cohort_grain = measured.cohort_grain
        and cells.cohort_start = measured.cohort_start
        and cells.segment_type = measured.segment_type
        and cells.segment_value = measured.segment_value
        and cells.period_number = measured.period_number
),

accumulated as (
    select
        *,
        sum(last_active_count) over (
            partition by cohort_grain, cohort_start, segment_type, segment_value
            order by period_number desc
            rows between unbounded preceding and current row
        ) as rolling_active_count,
        max(case when period_number = 0 then net_amount end) over so_far as start_net_amount,
        max(case when period_number = 0 and unknown_margin_count = 0 then known_margin_amount end)
            over so_far as start_margin_amount,
        sum(unknown_margin_count) over so_far as cumulative_unknown_margin_count,
        sum(net_amount) over so_far as cumulative_net_amount,
        sum(known_margin_amount) over so_far as cumulative_known_margin_amount
    from filled
    window so_far as (
        partition by cohort_grain, cohort_start, segment_type, segment_value
        order by period_number asc
        rows between unbounded preceding and current row
    )
),

-- of a cohort that brought nothing, or less, in its first period no share can be told
rounded as (
    select
        cast(cohort_grain as string) as cohort_grain,
        cast(segment_type as string) as segment_type,
        cast(segment_value as string) as segment_value,
        cast(period_number as integer) as period_number,
        cast({{ maturity() }} as string) as maturity,
        cast(cohort_size as bigint) as cohort_size,
        cast(active_count as bigint) as active_count,
        cast(rolling_active_count as bigint) as rolling_active_count,
        cast(continuous_active_count as bigint) as continuous_active_count,
        cast(active_count as double) / nullif(cohort_size, 0) as retention_ratio,
        cast({{ wilson_low('active_count', 'cohort_size') }} as double) as retention_ci_low,
        cast({{ wilson_high('active_count', 'cohort_size') }} as double) as retention_ci_high,
        cast(net_amount as double)
        / nullif(greatest(cast(start_net_amount as double), 0), 0) as net_revenue_retention_ratio,
        case when unknown_margin_count = 0 then cast(known_margin_amount as double) end
        / nullif(greatest(cast(start_margin_amount as double), 0), 0) as margin_retention_ratio,
        cast(order_count as bigint) as order_count,
        {{ rounded_money('gross_amount') }} as gross_amount,
        {{ rounded_money('refund_amount') }} as refund_amount,
        {{ rounded_money('net_amount') }} as net_amount,
        case
            when unknown_margin_count = 0 then {{ rounded_money('known_margin_amount') }}
        end as margin_amount,
        {{ rounded_money('cumulative_net_amount') }} as cumulative_net_amount,
        case
            when cumulative_unknown_margin_count = 0
                then {{ rounded_money('cumulative_known_margin_amount') }}
        end as cumulative_margin_amount,
        cohort_size >= {{ parameter('minimum_reportable_count') }} as is_reportable,
        cast(cohort_start as date) as cohort_start,
        cast(period_start as date) as period_start,
        cast(period_end as date) as period_end
    from accumulated
)

select * from rounded
