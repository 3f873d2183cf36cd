with

days as (
    select * from {{ ref('int_ledger_days') }}
),

counted_customers as (
    select customer_key from {{ ref('dim_customers') }}
    where not is_test and not is_guest and not is_erased
)

select
    days.customer_key,
    days.entered_on as ordered_on,
    days.purchase_count as order_count
from days
inner join counted_customers
on days.customer_key = counted_customers.customer_key
where days.purchase_count > 0
