{{ config(
    materialized='repaired',
    repair_key=['customer_key'],
) }}

with

ids as (
    select * from {{ ref('int_customer_ids') }}
),

identities as (
    select * from {{ ref('int_identities_resolved') }}
),

-- whoever is first heard of after the as-of date is not known yet
known as (
    select
        identities.customer_key,
        coalesce(
            min(ids.first_active_on),
            min(ids.first_mentioned_on),
            least(min(ids.first_loaded_on), {{ as_of_date() }})
        ) as known_on
    from ids
    inner join identities
    on
        ids.source_system = identities.source_system
        and ids.identity_type = identities.identity_type
        and ids.source_customer_id = identities.source_customer_id
    group by identities.customer_key
    having min(ids.first_mentioned_on) is not null or bool_or(ids.is_undated)
)

select * from known
