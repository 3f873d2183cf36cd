{{ config(
    materialized='repaired',
    repair_key=['cohort_grain', 'cohort_start', 'segment_type', 'segment_value', 'period_number'],
) }}

with

days as (
    {{ rows_to_count('int_cohort_days') }}
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
        sum(row_sign) as booking_count,
        sum({{ signed('acquired_count') }}) as acquired_count,
        sum(row_sign) filter (where is_first_in_period) as active_count,
        sum(row_sign) filter (where is_last_purchase) as last_active_count,
        sum(row_sign) filter (where is_first_in_period and longest_gap <= 1)
            as continuous_active_count,
        sum({{ signed('purchase_count') }}) as order_count,
        sum({{ signed('unknown_margin_count') }}) as unknown_margin_count,
        sum({{ signed('gross_amount') }}) as gross_amount,
        sum({{ signed('refund_amount') }}) as refund_amount,
        sum({{ signed('net_amount') }}) as net_amount,
        sum({{ signed('known_margin_amount') }}) as known_margin_amount
    from numbered
    group by 1, 2, 3, 4, 5, 6
),

segmented as (
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
        combinations.booking_count,
        combinations.acquired_count,
        combinations.active_count,
        combinations.last_active_count,
        combinations.continuous_active_count,
        combinations.order_count,
        combinations.unknown_margin_count,
        combinations.gross_amount,
        combinations.refund_amount,
        combinations.net_amount,
        combinations.known_margin_amount
    from combinations
    cross join segment_types
    {{ and_former_sums([
        'cohort_grain', 'cohort_start', 'period_number', 'segment_type',
        'segment_value', 'booking_count', 'acquired_count', 'active_count',
        'last_active_count', 'continuous_active_count', 'order_count', 'unknown_margin_count',
        'gross_amount', 'refund_amount', 'net_amount', 'known_margin_amount'
    ]) }}
),

summed as (
    select
        cohort_grain,
        cohort_start,
        period_number,
        segment_type,
        segment_value,
        cast(sum(booking_count) as bigint) as booking_count,
        cast(coalesce(sum(acquired_count), 0) as bigint) as acquired_count,
        cast(coalesce(sum(active_count), 0) as bigint) as active_count,
        cast(coalesce(sum(last_active_count), 0) as bigint) as last_active_count,
        cast(coalesce(sum(continuous_active_count), 0) as bigint) as continuous_active_count,
        cast(coalesce(sum(order_count), 0) as bigint) as order_count,
        cast(coalesce(sum(unknown_margin_count), 0) as bigint) as unknown_margin_count,
        {{ money('coalesce(sum(gross_amount), 0)') }} as gross_amount,
        {{ money('coalesce(sum(refund_amount), 0)') }} as refund_amount,
        {{ money('coalesce(sum(net_amount), 0)') }} as net_amount,
        {{ money('coalesce(sum(known_margin_amount), 0)') }} as known_margin_amount
    from segmented
    where segment_value is not null
    group by 1, 2, 3, 4, 5
    having sum(booking_count) > 0
)

select * from summed
