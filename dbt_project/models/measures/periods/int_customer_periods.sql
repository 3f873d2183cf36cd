with

customers as (
    select * from {{ ref('dim_customers') }}
    where
        acquired_on is not null
        and not is_test
        and not is_guest
        and not is_erased
),

entries as (
    select * from {{ ref('int_ledger_entries') }}
),

period_grains as (
    select 'week' as period_grain
    union all
    select 'month' as period_grain
    union all
    select 'quarter' as period_grain
),

-- Everyone has an acquisition period, whatever was booked in it.
bookings as (
    select
        customer_key,
        acquired_on as booked_on,
        false as is_order,
        false as is_purchase,
        {{ money('0') }} as gross_amount,
        {{ money('0') }} as refund_amount,
        {{ money('0') }} as net_amount,
        {{ money('0') }} as margin_amount
    from customers
    union all
    select
        customer_key,
        booked_on,
        entry_type = 'order' as is_order,
        is_purchase,
        gross_amount,
        refund_amount,
        net_amount,
        margin_amount
    from entries
),

numbered as (
    select
        bookings.*,
        period_grains.period_grain as cohort_grain,
        {{ period_start('period_grains.period_grain', 'customers.acquired_on') }} as cohort_start,
        {{ period_start('period_grains.period_grain', 'bookings.booked_on') }} as booked_start
    from bookings
    inner join customers on bookings.customer_key = customers.customer_key
    cross join period_grains
),

-- Money from before the acquisition belongs to the cohort too: it is booked on its first period.
summed as (
    select
        cohort_grain,
        customer_key,
        cohort_start,
        greatest({{ periods_between('cohort_grain', 'cohort_start', 'booked_start') }}, 0)
            as period_number,
        count(*) filter (where is_purchase) as order_count,
        count(*) filter (where is_order and margin_amount is null) as unknown_margin_count,
        sum(gross_amount) as gross_amount,
        sum(refund_amount) as refund_amount,
        sum(net_amount) as net_amount,
        sum(margin_amount) as known_margin_amount
    from numbered
    group by 1, 2, 3, 4
),

with_activity as (
    select
        *,
        order_count > 0 as is_active,
        count(*) filter (where order_count > 0 and period_number > 0) over (
            partition by cohort_grain, customer_key
            order by period_number asc
            rows between unbounded preceding and current row
        ) as active_periods_count,
        max(case when order_count > 0 then period_number end) over (
            partition by cohort_grain, customer_key
        ) as last_active_number
    from summed
),

marked as (
    select
        cohort_grain,
        customer_key,
        cohort_start,
        period_number,
        order_count,
        unknown_margin_count,
        gross_amount,
        refund_amount,
        net_amount,
        known_margin_amount,
        is_active,
        is_active and period_number = last_active_number as is_last_active,
        active_periods_count = period_number and (is_active or period_number = 0)
            as is_continuously_active
    from with_activity
)

select * from marked
