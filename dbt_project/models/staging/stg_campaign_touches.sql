{{ config(
    materialized='repaired',
    repair_key=['source_system', 'touch_id'],
    touched="{{ touched_versions('campaign_touches', ['touch_id']) }}",
) }}

with

versions as (
    {{ latest_versions('campaign_touches') }}
),

current_versions as (
    {{ current_versions(['touch_id']) }}
)

select
    source_system,
    touch_id,
    campaign_id,
    customer_id,
    email,
    action,
    touched_at,
    channel,
    {{ local_date('touched_at') }} as touched_on,
    load_id,
    known_at
from current_versions
