{{ config(
    materialized='repaired',
    repair_key=['source_system', 'interaction_id'],
    touched="{{ touched_versions('interactions', ['interaction_id']) }}",
) }}

with

versions as (
    {{ latest_versions('interactions') }}
),

current_versions as (
    {{ current_versions(['interaction_id']) }}
)

select
    source_system,
    interaction_id,
    customer_id,
    lead_id,
    channel,
    direction,
    purpose,
    occurred_at,
    owner_id,
    duration_seconds,
    {{ impersonal('outcome') }} as outcome,
    {{ local_date('occurred_at') }} as occurred_on,
    load_id,
    known_at
from current_versions
