with

orders as (
    select * from {{ ref('fct_orders') }}
    where is_valid
),

counted_customers as (
    select customer_key from {{ ref('dim_customers') }}
    where not is_test and not is_guest and not is_erased
),

with_acquisition as (
    select
        orders.customer_key,
        orders.ordered_on,
        orders.ordered_at,
        min(case when orders.is_acquisition then orders.ordered_at end) over (
            partition by orders.customer_key
        ) as acquired_at
    from orders
    inner join counted_customers
        on orders.customer_key = counted_customers.customer_key
)

-- an order before the one that acquired the customer was refunded in full and never counts
select
    customer_key,
    ordered_on,
    count(*) as order_count
from with_acquisition
where ordered_at >= acquired_at
group by customer_key, ordered_on
