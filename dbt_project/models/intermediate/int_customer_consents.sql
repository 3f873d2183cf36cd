-- the purpose may be empty and so is no part of the key
{{ config(
    materialized='repaired',
    repair_key=['customer_key'],
) }}

with

consents as (
    select * from {{ ref('stg_consents') }}
    where {{ has_happened('recorded_at') }}
),

identities as (
    select * from {{ ref('int_identities_resolved') }}
    where identity_type = 'customer'
),

-- recorded at one instant: a withdrawal wins
latest as (
    select
        identities.customer_key,
        consents.purpose,
        consents.is_granted,
        consents.recorded_at
    from consents
    inner join identities
    on
        consents.source_system = identities.source_system
        and consents.customer_id = identities.source_customer_id
    qualify
        row_number() over (
            partition by identities.customer_key, consents.purpose
            order by consents.recorded_at desc, consents.is_granted asc
        ) = 1
)

select * from latest
