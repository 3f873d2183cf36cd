{{ config(
    materialized='repaired',
    repair_key=['source_system', 'refund_id'],
    day='refunded_on',
    touched="
        {{ touched_events('stg_refunds', 'refund_id', ['refunded_on']) }}
        union all
        select source_system, refund_id from {{ ref('stg_refunds') }}
        where (source_system, order_id) in (
            select source_system, order_id from {{ changes('int_orders_converted') }}
        )
        union all
        select refunds.source_system, refunds.refund_id from {{ ref('stg_refunds') }} as refunds
        left join {{ ref('int_orders_converted') }} as orders
        on refunds.source_system = orders.source_system and refunds.order_id = orders.order_id
        where (refunds.currency, coalesce(orders.ordered_on, refunds.refunded_on)) in (
            select currency, rate_on from {{ changes('int_exchange_rates') }}
        )
    ",
) }}

with

refunds as (
    select * from {{ ref('stg_refunds') }}
    where {{ has_happened('refunded_at') }} and {{ only_touched(['source_system', 'refund_id']) }}
),

orders as (
    select * from {{ ref('int_orders_converted') }}
),

identities as (
    select * from {{ ref('int_identities_resolved') }}
    where identity_type = 'customer'
),

rates as (
    select * from {{ ref('int_exchange_rates') }}
),

-- money goes back at the rate it came in at, to the customer whose order it was
identified as (
    select
        {{ surrogate_key(['refunds.source_system', 'refunds.refund_id']) }} as refund_key,
        orders.order_key,
        coalesce(orders.customer_key, identities.customer_key, '-1') as customer_key,
        refunds.source_system,
        refunds.refund_id,
        refunds.order_id,
        refunds.customer_id,
        refunds.reason,
        refunds.currency,
        refunds.amount as amount_original,
        coalesce(orders.ordered_on, refunds.refunded_on) as rate_on,
        refunds.refunded_on,
        refunds.refunded_at
    from refunds
    left join orders
    on
        refunds.source_system = orders.source_system
        and refunds.order_id = orders.order_id
    left join identities
    on
        refunds.source_system = identities.source_system
        and refunds.customer_id = identities.source_customer_id
),

converted as (
    select
        identified.refund_key,
        identified.order_key,
        identified.customer_key,
        identified.source_system,
        identified.refund_id,
        identified.order_id,
        identified.customer_id,
        identified.reason,
        identified.currency,
        {{ at_rate(
            'identified.amount_original', rate_or_one('identified.currency', 'rates.exchange_rate')
        ) }}
            as amount,
        identified.amount_original,
        identified.refunded_on,
        identified.refunded_at
    from identified
    left join rates
    on
        identified.currency = rates.currency
        and identified.rate_on = rates.rate_on
)

select * from converted
