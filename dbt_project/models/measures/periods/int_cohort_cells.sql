with

days as (
    select * from {{ ref('int_cohort_days') }}
),

period_grains as (
    select 'week' as cohort_grain
    union all
    select 'month' as cohort_grain
    union all
    select 'quarter' as cohort_grain
),

segment_types as (
    select 'all' as segment_type
    union all
    select 'channel' as segment_type
    union all
    select 'country' as segment_type
    union all
    select 'first_category' as segment_type
),

placed as (
    select
        days.*,
        period_grains.cohort_grain,
        {{ period_start('period_grains.cohort_grain', 'days.acquired_on') }} as cohort_start,
        {{ period_start('period_grains.cohort_grain', 'days.booked_on') }} as booked_start,
        case period_grains.cohort_grain
            when 'week' then days.week_gap
            when 'month' then days.month_gap
            when 'quarter' then days.quarter_gap
        end as gap,
        case period_grains.cohort_grain
            when 'week' then days.longest_week_gap
            when 'month' then days.longest_month_gap
            when 'quarter' then days.longest_quarter_gap
        end as longest_gap
    from days
    cross join period_grains
),

-- A customer is active once in a period, by the first purchase in it; money from before the
-- acquisition belongs to the cohort too and is booked on its first period.
numbered as (
    select
        *,
        greatest({{ periods_between('cohort_grain', 'cohort_start', 'booked_start') }}, 0)
            as period_number,
        is_purchase and (former_on is null or gap > 0) as is_first_in_period
    from placed
),

-- Customers alike in all that a segment asks about are one row before each segment sums them.
combinations as (
    select
        cohort_grain,
        cohort_start,
        period_number,
        acquisition_channel,
        acquisition_country,
        first_category,
        sum(acquired_count) as acquired_count,
        count(*) filter (where is_first_in_period) as active_count,
        count(*) filter (where is_last_purchase) as last_active_count,
        count(*) filter (where is_first_in_period and longest_gap <= 1) as continuous_active_count,
        sum(purchase_count) as order_count,
        sum(unknown_margin_count) as unknown_margin_count,
        sum(gross_amount) as gross_amount,
        sum(refund_amount) as refund_amount,
        sum(net_amount) as net_amount,
        sum(known_margin_amount) as known_margin_amount
    from numbered
    group by 1, 2, 3, 4, 5, 6
),

summed as (
    select
        combinations.cohort_grain,
        combinations.cohort_start,
        combinations.period_number,
        segment_types.segment_type,
        case segment_types.segment_type
            when 'channel' then combinations.acquisition_channel
            when 'country' then combinations.acquisition_country
            when 'first_category' then combinations.first_category
            else 'all'
        end as segment_value,
        sum(combinations.acquired_count) as acquired_count,
        sum(combinations.active_count) as active_count,
        sum(combinations.last_active_count) as last_active_count,
        sum(combinations.continuous_active_count) as continuous_active_count,
        sum(combinations.order_count) as order_count,
        sum(combinations.unknown_margin_count) as unknown_margin_count,
        sum(combinations.gross_amount) as gross_amount,
        sum(combinations.refund_amount) as refund_amount,
        sum(combinations.net_amount) as net_amount,
        sum(combinations.known_margin_amount) as known_margin_amount
    from combinations
    cross join segment_types
    group by 1, 2, 3, 4, 5
)

select * from summed
where segment_value is not null
