{{ config(
    materialized='repaired',
    repair_key=['customer_key'],
    touched="{{ customers_of_changes(['int_ledger_days', 'dim_customers']) }}",
) }}

with

customers as (
    select * from {{ ref('dim_customers') }}
    where not is_test and {{ only_touched(['customer_key']) }}
),

days as (
    select * from {{ ref('int_ledger_days') }}
    where {{ only_touched(['customer_key']) }}
),

-- Guests and erased persons are many people each, whose order days say nothing together.
described as (
    select
        days.*,
        days.purchase_count > 0
        and not customers.is_guest
        and not customers.is_erased as is_order_day,
        days.entered_on > customers.acquired_on as is_after_acquisition
    from days
    inner join customers on days.customer_key = customers.customer_key
),

-- What was bought after the day of the acquisition was bought again.
sums as (
    select
        customer_key,
        sum(order_count) as valid_order_count,
        sum(purchase_count) as order_count,
        sum(unknown_margin_count) as unknown_margin_count,
        sum(revenue_amount) as revenue_amount,
        sum(refund_amount) as refund_amount,
        sum(net_amount) as net_amount,
        sum(known_margin_amount) as known_margin_amount,
        min(entered_on) filter (where is_order_day) as first_ordered_on,
        max(entered_on) filter (where is_order_day) as last_ordered_on,
        nullif(count(*) filter (where is_order_day), 0) - 1 as frequency,
        sum(purchase_value_amount) filter (
            where is_order_day and is_after_acquisition
        ) as repeat_value_amount,
        count(purchase_value_amount) filter (
            where is_order_day and is_after_acquisition
        ) as known_repeat_count
    from described
    group by customer_key
),

measured as (
    select
        customers.customer_key,
        customers.is_guest,
        customers.is_erased,
        customers.is_deleted,
        customers.acquisition_channel,
        customers.acquisition_country,
        sums.first_ordered_on,
        sums.last_ordered_on,
        sums.frequency,
        -- of days whose value is known: without a rate it is not
        cast(sums.repeat_value_amount as double)
        / nullif(sums.known_repeat_count, 0) as mean_repeat_value,
        case
            when sums.valid_order_count > 0 and sums.unknown_margin_count = 0 then 'margin'
            else 'revenue'
        end as value_basis,
        {{ money('coalesce(sums.revenue_amount, 0)') }} as revenue_amount,
        {{ money('coalesce(sums.refund_amount, 0)') }} as refund_amount,
        {{ money('coalesce(sums.net_amount, 0)') }} as net_amount,
        case
            when coalesce(sums.unknown_margin_count, 0) = 0
                then {{ money('coalesce(sums.known_margin_amount, 0)') }}
        end as margin_amount,
        coalesce(sums.order_count, 0) as order_count
    from customers
    left join sums on customers.customer_key = sums.customer_key
)

select * from measured
