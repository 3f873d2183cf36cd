{{ config(meta={'dagster': {'ref': {'name': 'fct_customer_value'}}}) }}

with

orders as (
    select coalesce(sum(orders.net_amount), 0) as net_amount
    from {{ ref('fct_orders') }} as orders
    where orders.is_valid
),

refunds as (
    select coalesce(sum(refunds.amount), 0) as amount
    from {{ ref('fct_refunds') }} as refunds
    left join {{ ref('fct_orders') }} as orders on refunds.order_key = orders.order_key
    inner join {{ ref('dim_customers') }} as customers
    on refunds.customer_key = customers.customer_key
    where coalesce(orders.is_valid, true) and not customers.is_test
),

customer_value as (
    select
        coalesce(sum(historical_revenue_amount), 0) as revenue_amount,
        coalesce(sum(historical_refund_amount), 0) as refund_amount,
        count(*) as row_count
    from {{ ref('fct_customer_value') }}
)

select
    customer_value.*,
    orders.net_amount,
    refunds.amount
from customer_value
cross join orders
cross join refunds
where
    abs(customer_value.revenue_amount - orders.net_amount) > 0.005 * customer_value.row_count
    or abs(customer_value.refund_amount - refunds.amount) > 0.005 * customer_value.row_count
