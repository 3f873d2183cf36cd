{{ config(meta={'dagster': {'ref': {'name': 'fct_activities'}}}) }}

-- guests' and erased persons' orders included, what is sold is the same wherever one looks
with

activities as (
    select
        count(*) as order_count,
        sum(revenue_amount) as net_amount
    from {{ ref('fct_activities') }}
    where activity = 'order'
),

orders as (
    select
        count(*) as order_count,
        sum(net_amount) as net_amount
    from {{ ref('fct_orders') }}
    where is_valid
)

select
    activities.order_count,
    orders.order_count as valid_order_count
from activities
cross join orders
where
    activities.order_count != orders.order_count
    or activities.net_amount is distinct from orders.net_amount
