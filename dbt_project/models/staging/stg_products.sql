with

versions as (
    select * from {{ source('feed', 'products') }}
),

current_versions as (
    select *
    from versions
    qualify {{ is_current_version(['product_id']) }}
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
