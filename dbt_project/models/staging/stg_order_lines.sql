{{ config(
    materialized='repaired',
    repair_key=['source_system', 'order_id', 'line_number'],
    touched="{{ touched_versions('order_lines', ['order_id', 'line_number']) }}",
) }}

with

versions as (
    {{ latest_versions('order_lines') }}
),

current_versions as (
    {{ current_versions(['order_id', 'line_number']) }}
)

select
    source_system,
    order_id,
    line_number,
    product_id,
    quantity,
    unit_price,
    net_amount,
    cost_amount,
    load_id,
    known_at
from current_versions
