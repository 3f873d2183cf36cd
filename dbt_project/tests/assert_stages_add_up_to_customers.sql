{{ config(meta={'dagster': {'ref': {'name': 'fct_lifecycle_stages'}}}) }}

-- every counted customer known by the as-of date is in one stage from that day on, nobody else is
with

customers as (
    select
        customer_key,
        known_on
    from {{ ref('dim_customers') }}
    where not is_test and not is_guest and not is_erased and known_on <= {{ as_of_date() }}
),

stays as (
    select
        customer_key,
        min(entered_on) as first_entered_on,
        count(*) filter (where is_current) as current_count
    from {{ ref('fct_lifecycle_stages') }}
    group by customer_key
)

select
    customers.customer_key,
    stays.customer_key as staged_customer_key
from customers
full outer join stays
on customers.customer_key = stays.customer_key
where
    customers.customer_key is null
    or stays.current_count is distinct from 1
    or stays.first_entered_on is distinct from customers.known_on
