{{ config(
    materialized='repaired',
    repair_key=['customer_key'],
    touched="
        {{ customers_of_changes(['fct_activities', 'dim_customers']) }}
        union all
        select customer_key from {{ ref('fct_activities') }}
        where {{ ripened(days_after('occurred_on', parameter('silent_days'))) }}
        union all
        select customer_key from {{ ref('dim_customers') }}
        where
            {{ ripened(days_after('known_on', parameter('silent_days'))) }}
            or {{ ripened('terminated_on') }}
            or {{ ripened('deleted_on') }}
    ",
) }}

with

customers as (
    select
        customer_key,
        known_on,
        least(
            coalesce(terminated_on, deleted_on),
            coalesce(deleted_on, terminated_on)
        ) as left_on
    from {{ ref('dim_customers') }}
    where
        not is_test
        and not is_guest
        and not is_erased
        and {{ only_touched(['customer_key']) }}
),

signs as (
    select
        customer_key,
        occurred_on
    from {{ ref('fct_activities') }}
    where
        {{ is_own_deed('activity') }}
        and {{ only_touched(['customer_key']) }}
    union all
    select
        customer_key,
        known_on as occurred_on
    from customers
),

with_next as (
    select
        customer_key,
        {{ days_after('occurred_on', parameter('silent_days')) }} as silent_from,
        lead(occurred_on) over (
            partition by customer_key
            order by occurred_on
        ) as heard_on
    from signs
),

-- who is heard of on the very day on which silence would begin is not silent
spells as (
    select
        with_next.customer_key,
        with_next.silent_from,
        case
            when customers.left_on <= {{ as_of_date() }}
                then least(customers.left_on, coalesce(with_next.heard_on, customers.left_on))
            else with_next.heard_on
        end as silent_until
    from with_next
    inner join customers
    on with_next.customer_key = customers.customer_key
    where
        with_next.silent_from <= {{ as_of_date() }}
        and (with_next.heard_on is null or with_next.silent_from < with_next.heard_on)
)

select
    customer_key,
    silent_from,
    silent_until
from spells
where silent_until is null or silent_from < silent_until
