{{ config(
    materialized='repaired',
    repair_key=['source_system', 'order_id'],
    touched="
        select source_system, order_id from {{ changes('stg_orders') }}
        union all
        select source_system, order_id from {{ ref('stg_orders') }}
        where {{ ripened('ordered_on') }} or {{ ripened('paid_on') }}
        union all
        {{ of_changed_identities('stg_orders', 'order_id') }}
        union all
        select source_system, order_id from {{ this }}
        where customer_key in (select customer_key from {{ changes('int_customers') }})
        union all
        select source_system, order_id from {{ ref('stg_orders') }}
        where (currency, ordered_on) in (select currency, rate_on from {{ changes('int_exchange_rates') }})
    ",
) }}

with

orders as (
    select * from {{ ref('stg_orders') }}
    where {{ has_happened('ordered_at') }} and {{ only_touched(['source_system', 'order_id']) }}
),

identities as (
    select * from {{ ref('int_identities_resolved') }}
    where identity_type = 'customer'
),

customers as (
    select * from {{ ref('int_customers') }}
),

rates as (
    select * from {{ ref('int_exchange_rates') }}
),

identified as (
    select
        {{ surrogate_key(['orders.source_system', 'orders.order_id']) }} as order_key,
        coalesce(identities.customer_key, '-1') as customer_key,
        orders.source_system,
        orders.order_id,
        orders.customer_id,
        orders.status,
        orders.channel,
        orders.store_id,
        orders.coupon_code,
        orders.currency,
        orders.gross_amount as gross_amount_original,
        orders.discount_amount as discount_amount_original,
        orders.tax_amount as tax_amount_original,
        orders.shipping_amount as shipping_amount_original,
        orders.net_amount as net_amount_original,
        orders.cost_amount as cost_amount_original,
        {{ rate_or_one('orders.currency', 'rates.exchange_rate') }} as exchange_rate,
        orders.customer_id is null as is_guest,
        coalesce(orders.is_trial, false) as is_trial,
        coalesce(orders.is_test, false) or coalesce(customers.is_test, false) as is_test,
        orders.ordered_on,
        orders.due_on,
        {{ known_by_as_of('orders.paid_on', 'orders.paid_on') }} as paid_on,
        orders.updated_on,
        orders.ordered_at,
        {{ known_by_as_of('orders.paid_at', 'orders.paid_on') }} as paid_at,
        orders.updated_at
    from orders
    left join identities
    on
        orders.source_system = identities.source_system
        and orders.customer_id = identities.source_customer_id
    left join customers on identities.customer_key = customers.customer_key
    left join rates
    on
        orders.currency = rates.currency
        and orders.ordered_on = rates.rate_on
),

converted as (
    select
        *,
        {{ at_rate('gross_amount_original') }} as gross_amount,
        {{ at_rate('discount_amount_original') }} as discount_amount,
        {{ at_rate('tax_amount_original') }} as tax_amount,
        {{ at_rate('shipping_amount_original') }} as shipping_amount,
        {{ at_rate('net_amount_original') }} as net_amount,
        {{ at_rate('cost_amount_original') }} as cost_amount,
        {{ is_valid_order() }} as is_valid
    from identified
)

select * from converted
