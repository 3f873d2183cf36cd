{{ config(
    materialized='repaired',
    repair_key=['opportunity_key'],
) }}

with

opportunities as (
    select * from {{ ref('stg_opportunities') }}
    where {{ has_happened('created_at') }}
),

identities as (
    select * from {{ ref('int_identities_resolved') }}
    where identity_type = 'customer'
),

lead_identities as (
    select * from {{ ref('int_identities_resolved') }}
    where identity_type = 'lead'
),

rates as (
    select * from {{ ref('int_exchange_rates') }}
),

resolved as (
    select
        {{ surrogate_key(['opportunities.source_system', 'opportunities.opportunity_id']) }}
            as opportunity_key,
        coalesce(identities.customer_key, lead_identities.customer_key) as customer_key,
        opportunities.source_system,
        opportunities.opportunity_id,
        opportunities.lead_id,
        opportunities.customer_id,
        opportunities.owner_id,
        opportunities.stage,
        {{ known_by_as_of(
            'opportunities.lost_reason', 'coalesce(opportunities.closed_on, opportunities.created_on)'
        ) }} as lost_reason,
        opportunities.currency,
        {{ at_rate(
            'opportunities.amount', rate_or_one('opportunities.currency', 'rates.exchange_rate')
        ) }} as amount,
        opportunities.amount as amount_original,
        coalesce(
            opportunities.is_won
            and coalesce(opportunities.closed_on, opportunities.created_on) <= {{ as_of_date() }},
            false
        ) as is_won,
        coalesce(opportunities.deleted_on <= {{ as_of_date() }}, false) as is_deleted,
        opportunities.created_on,
        {{ known_by_as_of('opportunities.quoted_on', 'opportunities.quoted_on') }} as quoted_on,
        {{ known_by_as_of('opportunities.contract_signed_on', 'opportunities.contract_signed_on') }}
            as contract_signed_on,
        opportunities.contract_starts_on,
        opportunities.contract_ends_on,
        opportunities.expected_close_on,
        {{ known_by_as_of('opportunities.closed_on', 'opportunities.closed_on') }} as closed_on,
        opportunities.updated_on,
        {{ known_by_as_of('opportunities.deleted_on', 'opportunities.deleted_on') }} as deleted_on,
        opportunities.created_at,
        {{ known_by_as_of('opportunities.quoted_at', 'opportunities.quoted_on') }} as quoted_at,
        {{ known_by_as_of('opportunities.contract_signed_at', 'opportunities.contract_signed_on') }}
            as contract_signed_at,
        opportunities.contract_starts_at,
        opportunities.contract_ends_at,
        {{ known_by_as_of('opportunities.closed_at', 'opportunities.closed_on') }} as closed_at,
        opportunities.updated_at,
        {{ known_by_as_of('opportunities.deleted_at', 'opportunities.deleted_on') }} as deleted_at
    from opportunities
    left join identities
    on
        opportunities.source_system = identities.source_system
        and opportunities.customer_id = identities.source_customer_id
    left join lead_identities
    on
        opportunities.source_system = lead_identities.source_system
        and opportunities.lead_id = lead_identities.source_customer_id
    left join rates
    on
        opportunities.currency = rates.currency
        and opportunities.created_on = rates.rate_on
)

select * from resolved
