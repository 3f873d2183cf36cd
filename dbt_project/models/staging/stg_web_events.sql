{{ config(
    materialized='repaired',
    repair_key=['source_system', 'event_id'],
    touched="{{ touched_versions('web_events', ['event_id']) }}",
) }}

with

versions as (
    {{ latest_versions('web_events') }}
),

current_versions as (
    {{ current_versions(['event_id']) }}
)

select
    source_system,
    event_id,
    customer_id,
    anonymous_id,
    session_id,
    event_name,
    occurred_at,
    page,
    product_id,
    utm_source,
    utm_medium,
    utm_campaign,
    device,
    country,
    {{ local_date('occurred_at') }} as occurred_on,
    load_id,
    known_at
from current_versions
