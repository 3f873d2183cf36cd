{{ config(
    materialized='repaired',
    repair_key=['source_system', 'ticket_id'],
    touched="{{ touched_versions('tickets', ['ticket_id'], 'updated_at') }}",
) }}

with

versions as (
    {{ all_versions('tickets', ['ticket_id']) }}
),

current_versions as (
    {{ current_versions(['ticket_id'], updated_at='updated_at') }}
)

select
    source_system,
    ticket_id,
    customer_id,
    opened_at,
    first_response_at,
    resolved_at,
    reopened_count,
    category,
    priority,
    is_complaint,
    owner_id,
    status,
    updated_at,
    {{ local_date('opened_at') }} as opened_on,
    {{ local_date('first_response_at') }} as first_response_on,
    {{ local_date('resolved_at') }} as resolved_on,
    {{ local_date('updated_at') }} as updated_on,
    load_id,
    known_at
from current_versions
