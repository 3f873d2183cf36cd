{{ config(
    materialized='repaired',
    repair_key=['source_system', 'movement_id'],
    touched="{{ touched_versions('loyalty_movements', ['movement_id']) }}",
) }}

with

versions as (
    {{ latest_versions('loyalty_movements') }}
),

current_versions as (
    {{ current_versions(['movement_id']) }}
)

select
    source_system,
    movement_id,
    customer_id,
    kind,
    points,
    occurred_at,
    expires_on,
    order_id,
    reverses_movement_id,
    {{ local_date('occurred_at') }} as occurred_on,
    load_id,
    known_at
from current_versions
