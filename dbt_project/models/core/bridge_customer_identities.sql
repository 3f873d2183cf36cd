{{ config(
    materialized='repaired',
    repair_key=['customer_identity_key'],
) }}

with

identities as (
    select * from {{ ref('int_identities_resolved') }}
),

ids as (
    select * from {{ ref('int_customer_ids') }}
),

bridged as (
    select
        {{ surrogate_key([
            'identities.source_system', 'identities.identity_type', 'identities.source_customer_id'
        ]) }}
            as customer_identity_key,
        identities.customer_key,
        identities.source_system,
        identities.source_customer_id,
        identities.identity_type,
        identities.match_rule,
        cast(1 as double) as match_score,
        coalesce(ids.first_mentioned_on, least(ids.first_loaded_on, {{ as_of_date() }}))
            as valid_from,
        cast(null as date) as valid_to
    from identities
    inner join ids
    on
        identities.source_system = ids.source_system
        and identities.identity_type = ids.identity_type
        and identities.source_customer_id = ids.source_customer_id
    where ids.first_mentioned_on is not null or ids.is_undated
)

select * from bridged
