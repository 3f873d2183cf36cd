{{ config(
    materialized='repaired',
    repair_key=['source_system', 'ticket_id'],
    day='opened_on',
    touched="{{ touched_events('stg_tickets', 'ticket_id', ['opened_on', 'first_response_on', 'resolved_on']) }}",
) }}

with

tickets as (
    select * from {{ ref('stg_tickets') }}
    where {{ has_happened('opened_at') }} and {{ only_touched(['source_system', 'ticket_id']) }}
),

identities as (
    select * from {{ ref('int_identities_resolved') }}
    where identity_type = 'customer'
),

resolved as (
    select
        {{ surrogate_key(['tickets.source_system', 'tickets.ticket_id']) }} as ticket_key,
        identities.customer_key,
        tickets.source_system,
        tickets.ticket_id,
        tickets.customer_id,
        tickets.owner_id,
        tickets.category,
        tickets.priority,
        tickets.status,
        coalesce(tickets.reopened_count, 0) as reopened_count,
        coalesce(tickets.is_complaint, false) as is_complaint,
        tickets.opened_on,
        {{ known_by_as_of('tickets.first_response_on', 'tickets.first_response_on') }}
            as first_response_on,
        {{ known_by_as_of('tickets.resolved_on', 'tickets.resolved_on') }} as resolved_on,
        tickets.updated_on,
        tickets.opened_at,
        {{ known_by_as_of('tickets.first_response_at', 'tickets.first_response_on') }}
            as first_response_at,
        {{ known_by_as_of('tickets.resolved_at', 'tickets.resolved_on') }} as resolved_at,
        tickets.updated_at
    from tickets
    left join identities
    on
        tickets.source_system = identities.source_system
        and tickets.customer_id = identities.source_customer_id
)

select * from resolved
