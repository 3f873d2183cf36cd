{{ config(meta={'dagster': {'ref': {'name': 'fct_rfm_scores'}}}) }}

with

buyers as (
    select distinct orders.customer_key
    from {{ ref('fct_orders') }} as orders
    inner join {{ ref('dim_customers') }} as customers
    on orders.customer_key = customers.customer_key
    where
        orders.is_valid
        and not customers.is_test
        and not customers.is_guest
        and not customers.is_erased
        and not customers.is_deleted
),

scored as (
    select customer_key
    from {{ ref('fct_rfm_scores') }}
    where as_of_date = {{ as_of_date() }}
)

select
    buyers.customer_key as buyer_key,
    scored.customer_key as scored_key
from buyers
full outer join scored on buyers.customer_key = scored.customer_key
where buyers.customer_key is null or scored.customer_key is null
