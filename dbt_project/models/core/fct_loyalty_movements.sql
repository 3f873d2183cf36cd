{{ config(
    materialized='repaired',
    repair_key=['source_system', 'movement_id'],
    day='occurred_on',
    touched="{{ touched_events('stg_loyalty_movements', 'movement_id', ['occurred_on']) }}",
) }}

with

loyalty_movements as (
    select * from {{ ref('stg_loyalty_movements') }}
    where {{ has_happened('occurred_at') }} and {{ only_touched(['source_system', 'movement_id']) }}
),

identities as (
    select * from {{ ref('int_identities_resolved') }}
    where identity_type = 'customer'
),

resolved as (
    select
        {{ surrogate_key(['loyalty_movements.source_system', 'loyalty_movements.movement_id']) }}
            as loyalty_movement_key,
        identities.customer_key,
        loyalty_movements.source_system,
        loyalty_movements.movement_id,
        loyalty_movements.customer_id,
        loyalty_movements.order_id,
        loyalty_movements.reverses_movement_id,
        loyalty_movements.kind,
        loyalty_movements.points,
        loyalty_movements.occurred_on,
        loyalty_movements.expires_on,
        loyalty_movements.occurred_at
    from loyalty_movements
    left join identities
    on
        loyalty_movements.source_system = identities.source_system
        and loyalty_movements.customer_id = identities.source_customer_id
)

select * from resolved
