{{ config(
    materialized='repaired',
    repair_key=['customer_key'],
    touched="{{ customers_of_changes(['int_ledger_days', 'dim_customers']) }}",
) }}

with

customers as (
    select * from {{ ref('dim_customers') }}
    where
        acquired_on is not null
        and {{ only_touched(['customer_key']) }}
        and not is_test
        and not is_guest
        and not is_erased
),

days as (
    select * from {{ ref('int_ledger_days') }}
    where {{ only_touched(['customer_key']) }}
),

-- Everyone has an acquisition period, whatever was booked in it.
bookings as (
    select
        customer_key,
        acquired_on as booked_on,
        1 as acquired_count,
        0 as purchase_count,
        0 as unknown_margin_count,
        {{ money('0') }} as gross_amount,
        {{ money('0') }} as refund_amount,
        {{ money('0') }} as net_amount,
        {{ money('0') }} as known_margin_amount
    from customers
    union all
    select
        customer_key,
        booked_on,
        0 as acquired_count,
        purchase_count,
        unknown_margin_count,
        gross_amount,
        refund_amount,
        net_amount,
        known_margin_amount
    from days
),

described as (
    select
        bookings.*,
        bookings.purchase_count > 0 as is_purchase,
        customers.acquired_on,
        customers.acquisition_channel,
        customers.acquisition_country,
        customers.first_category
    from bookings
    inner join customers on bookings.customer_key = customers.customer_key
),

-- Purchases follow purchases only: what else was booked stands apart.
in_turn as (
    select
        *,
        lag(booked_on) over (
            partition by customer_key, is_purchase
            order by booked_on asc
        ) as former_on,
        is_purchase and lead(booked_on) over (
            partition by customer_key, is_purchase
            order by booked_on asc
        ) is null as is_last_purchase
    from described
),

with_gaps as (
    select
        *,
        {{ calendar_gap('week', 'coalesce(former_on, acquired_on)', 'booked_on') }} as week_gap,
        {{ calendar_gap('month', 'coalesce(former_on, acquired_on)', 'booked_on') }} as month_gap,
        {{ calendar_gap('quarter', 'coalesce(former_on, acquired_on)', 'booked_on') }}
            as quarter_gap
    from in_turn
),

with_longest_gaps as (
    select
        *,
        max(week_gap) over so_far as longest_week_gap,
        max(month_gap) over so_far as longest_month_gap,
        max(quarter_gap) over so_far as longest_quarter_gap
    from with_gaps
    window so_far as (
        partition by customer_key, is_purchase
        order by booked_on asc
        rows between unbounded preceding and current row
    )
)

select * from with_longest_gaps
