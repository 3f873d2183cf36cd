with

orders as (
    select * from {{ ref('fct_orders') }}
    where is_valid
),

counted_customers as (
    select customer_key from {{ ref('dim_customers') }}
    where not is_test and not is_guest and not is_erased
),

acquisitions as (
    select
        orders.customer_key,
        orders.ordered_at as acquired_at
    from orders
    inner join counted_customers
    on orders.customer_key = counted_customers.customer_key
    where orders.is_acquisition
)

-- an order before the one that acquired the customer was refunded in full and never counts
select
    orders.customer_key,
    orders.ordered_on,
    count(*) as order_count
from orders
inner join acquisitions
on
    orders.customer_key = acquisitions.customer_key
    and orders.ordered_at >= acquisitions.acquired_at
group by orders.customer_key, orders.ordered_on
