{{ config(
    materialized='repaired',
    repair_key=['source_system', 'product_id'],
    touched="{{ touched_versions('products', ['product_id']) }}",
) }}

with

versions as (
    {{ latest_versions('products') }}
),

current_versions as (
    {{ current_versions(['product_id']) }}
)

select
    source_system,
    product_id,
    name,
    category,
    subcategory,
    list_price,
    unit_cost,
    currency,
    is_active,
    load_id,
    known_at
from current_versions
