{{ config(
    materialized='repaired',
    repair_key=['source_system', 'consent_id'],
    touched="{{ touched_versions('consents', ['consent_id']) }}",
) }}

with

versions as (
    {{ latest_versions('consents') }}
),

current_versions as (
    {{ current_versions(['consent_id']) }}
)

select
    source_system,
    consent_id,
    customer_id,
    purpose,
    channel,
    is_granted,
    recorded_at,
    {{ local_date('recorded_at') }} as recorded_on,
    load_id,
    known_at
from current_versions
