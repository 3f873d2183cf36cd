{{ config(
    materialized='repaired',
    repair_key=['source_system', 'interaction_id'],
    day='occurred_on',
    touched="{{ touched_events('stg_interactions', 'interaction_id', ['occurred_on'], lead='lead_id') }}",
) }}

with

interactions as (
    select * from {{ ref('stg_interactions') }}
    where
        {{ has_happened('occurred_at') }}
        and {{ only_touched(['source_system', 'interaction_id']) }}
),

identities as (
    select * from {{ ref('int_identities_resolved') }}
    where identity_type = 'customer'
),

lead_identities as (
    select * from {{ ref('int_identities_resolved') }}
    where identity_type = 'lead'
),

resolved as (
    select
        {{ surrogate_key(['interactions.source_system', 'interactions.interaction_id']) }}
            as interaction_key,
        coalesce(identities.customer_key, lead_identities.customer_key) as customer_key,
        interactions.source_system,
        interactions.interaction_id,
        interactions.customer_id,
        interactions.lead_id,
        interactions.owner_id,
        interactions.channel,
        interactions.direction,
        interactions.purpose,
        interactions.outcome,
        interactions.duration_seconds,
        interactions.occurred_on,
        interactions.occurred_at
    from interactions
    left join identities
    on
        interactions.source_system = identities.source_system
        and interactions.customer_id = identities.source_customer_id
    left join lead_identities
    on
        interactions.source_system = lead_identities.source_system
        and interactions.lead_id = lead_identities.source_customer_id
)

select * from resolved
