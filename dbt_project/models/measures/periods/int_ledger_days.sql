{{ config(
    materialized='repaired',
    repair_key=['customer_key'],
    touched="{{ customers_of_changes(['fct_orders', 'fct_refunds', 'dim_customers']) }}",
) }}

with

entries as (
    select * from {{ ref('int_ledger_entries') }}
    where {{ only_touched(['customer_key']) }}
),

summed as (
    select
        customer_key,
        entered_on,
        booked_on,
        count(*) filter (where entry_type = 'order') as order_count,
        count(*) filter (where is_purchase) as purchase_count,
        count(*) filter (where entry_type = 'order' and margin_amount is null)
            as unknown_margin_count,
        sum(gross_amount) as gross_amount,
        sum(refund_amount) as refund_amount,
        sum(net_amount) as net_amount,
        sum(net_amount) filter (where entry_type = 'order') as revenue_amount,
        sum(margin_amount) as known_margin_amount,
        sum(net_value_amount) filter (where is_purchase) as purchase_value_amount
    from entries
    group by customer_key, entered_on, booked_on
),

typed as (
    select
        customer_key,
        entered_on,
        booked_on,
        cast(order_count as integer) as order_count,
        cast(purchase_count as integer) as purchase_count,
        cast(unknown_margin_count as integer) as unknown_margin_count,
        {{ money('gross_amount') }} as gross_amount,
        {{ money('refund_amount') }} as refund_amount,
        {{ money('net_amount') }} as net_amount,
        {{ money('revenue_amount') }} as revenue_amount,
        {{ money('known_margin_amount') }} as known_margin_amount,
        {{ money('purchase_value_amount') }} as purchase_value_amount
    from summed
)

select * from typed
