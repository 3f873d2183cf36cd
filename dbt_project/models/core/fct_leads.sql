{{ config(
    materialized='repaired',
    repair_key=['lead_key'],
) }}

with

leads as (
    select * from {{ ref('stg_leads') }}
    where {{ has_happened('created_at') }}
),

lead_identities as (
    select * from {{ ref('int_identities_resolved') }}
    where identity_type = 'lead'
),

resolved as (
    select
        {{ surrogate_key(['leads.source_system', 'leads.lead_id']) }} as lead_key,
        lead_identities.customer_key,
        leads.source_system,
        leads.lead_id,
        leads.customer_id,
        leads.channel,
        leads.campaign_id,
        leads.owner_id,
        leads.status,
        leads.lost_reason,
        leads.score,
        leads.created_on,
        {{ known_by_as_of('leads.first_contacted_on', 'leads.first_contacted_on') }}
            as first_contacted_on,
        {{ known_by_as_of('leads.qualified_on', 'leads.qualified_on') }} as qualified_on,
        {{ known_by_as_of('leads.converted_on', 'leads.converted_on') }} as converted_on,
        leads.updated_on,
        leads.created_at,
        {{ known_by_as_of('leads.first_contacted_at', 'leads.first_contacted_on') }}
            as first_contacted_at,
        {{ known_by_as_of('leads.qualified_at', 'leads.qualified_on') }} as qualified_at,
        {{ known_by_as_of('leads.converted_at', 'leads.converted_on') }} as converted_at,
        leads.updated_at
    from leads
    left join lead_identities
    on
        leads.source_system = lead_identities.source_system
        and leads.lead_id = lead_identities.source_customer_id
)

select * from resolved
