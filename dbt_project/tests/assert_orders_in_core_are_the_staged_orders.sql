{{ config(meta={'dagster': {'ref': {'name': 'fct_orders'}}}) }}

-- every order of the as-of day or before, once, and no other
with

staged as (
    select
        source_system,
        order_id
    from {{ ref('stg_orders') }}
    where ordered_on <= {{ as_of_date() }}
),

core as (
    select
        source_system,
        order_id
    from {{ ref('fct_orders') }}
)

select
    coalesce(staged.source_system, core.source_system) as source_system,
    coalesce(staged.order_id, core.order_id) as order_id
from staged
full outer join core
on
    staged.source_system = core.source_system
    and staged.order_id = core.order_id
where staged.order_id is null or core.order_id is null
