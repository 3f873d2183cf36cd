{{ config(
    materialized='repaired',
    repair_key=['subscription_key'],
) }}

with

subscriptions as (
    select * from {{ ref('fct_subscriptions') }}
),

counted_customers as (
    select customer_key from {{ ref('dim_customers') }}
    where not is_test and not is_guest and not is_erased
),

-- an end still ahead is no end yet: such a service runs through the as-of day; a deletion ends it,
-- and so does a price of nothing
clipped as (
    select
        subscriptions.subscription_key,
        subscriptions.customer_key,
        subscriptions.paid_from_on,
        subscriptions.cancelled_on,
        subscriptions.billing_period_months,
        least(subscriptions.ends_on, subscriptions.paid_until_on, subscriptions.deleted_on)
            as agreed_until,
        least(
            coalesce(subscriptions.ends_on, {{ days_after(as_of_date(), 1) }}),
            coalesce(subscriptions.paid_until_on, {{ days_after(as_of_date(), 1) }}),
            coalesce(subscriptions.deleted_on, {{ days_after(as_of_date(), 1) }}),
            {{ days_after(as_of_date(), 1) }}
        ) as service_until
    from subscriptions
    inner join counted_customers
    on subscriptions.customer_key = counted_customers.customer_key
)

select
    subscription_key,
    customer_key,
    billing_period_months,
    paid_from_on,
    case
        when cancelled_on < service_until then greatest(cancelled_on, paid_from_on)
    end as noticed_on,
    service_until,
    agreed_until
from clipped
where paid_from_on < service_until
