{{ config(meta={'dagster': {'ref': {'name': 'fct_refunds'}}}) }}

-- what orders lost to refunds is what refunds with an order came to
with

orders as (
    select coalesce(sum(refund_amount), 0) as refund_amount
    from {{ ref('fct_orders') }}
),

refunds as (
    select coalesce(sum(refunds.amount), 0) as refund_amount
    from {{ ref('fct_refunds') }} as refunds
    inner join {{ ref('fct_orders') }} as orders on refunds.order_key = orders.order_key
    where orders.refund_amount is not null
)

select
    orders.refund_amount as amount_of_orders,
    refunds.refund_amount as amount_of_refunds
from orders
inner join refunds on orders.refund_amount <> refunds.refund_amount
