{{ config(
    materialized='repaired',
    repair_key=['source_system', 'request_id'],
    touched="{{ touched_versions('erasure_requests', ['request_id']) }}",
) }}

with

versions as (
    {{ latest_versions('erasure_requests') }}
),

current_versions as (
    {{ current_versions(['request_id']) }}
)

select
    source_system,
    request_id,
    customer_id,
    email,
    requested_at,
    {{ local_date('requested_at') }} as requested_on,
    load_id,
    known_at
from current_versions
