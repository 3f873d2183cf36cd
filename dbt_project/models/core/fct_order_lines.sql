{{ config(
    materialized='repaired',
    repair_key=['source_system', 'order_id'],
    day='ordered_on',
    touched="
        select source_system, order_id from {{ changes('stg_order_lines') }}
        union all
        select source_system, order_id from {{ changes('int_orders_converted') }}
        union all
        select source_system, order_id from {{ ref('stg_order_lines') }}
        where (source_system, product_id) in (
            select source_system, product_id from {{ changes('stg_products') }}
        )
        union all
        select lines.source_system, lines.order_id from {{ this }} as lines
        inner join {{ ref('stg_products') }} as products
        on lines.source_system = products.source_system and lines.product_id = products.product_id
        where (products.currency, lines.ordered_on) in (
            select currency, rate_on from {{ changes('int_exchange_rates') }}
        )
    ",
) }}

with

order_lines as (
    select * from {{ ref('stg_order_lines') }}
    where {{ only_touched(['source_system', 'order_id']) }}
),

orders as (
    select * from {{ ref('int_orders_converted') }}
    where {{ only_touched(['source_system', 'order_id']) }}
),

products as (
    select * from {{ ref('stg_products') }}
),

rates as (
    select * from {{ ref('int_exchange_rates') }}
),

-- a line has its order's day, customer and rate; its product's cost may be in another currency
placed as (
    select
        {{ surrogate_key([
            'order_lines.source_system', 'order_lines.order_id', 'order_lines.line_number'
        ]) }}
            as order_line_key,
        orders.order_key,
        {{ surrogate_key(['order_lines.source_system', 'order_lines.product_id']) }} as product_key,
        orders.customer_key,
        order_lines.source_system,
        order_lines.order_id,
        order_lines.product_id,
        products.category,
        orders.currency,
        order_lines.line_number,
        order_lines.quantity,
        order_lines.unit_price as unit_price_original,
        order_lines.net_amount as net_amount_original,
        order_lines.cost_amount as cost_amount_original,
        {{ at_rate('order_lines.unit_price', 'orders.exchange_rate') }} as unit_price,
        {{ at_rate('order_lines.net_amount', 'orders.exchange_rate') }} as net_amount,
        {{ at_rate('order_lines.cost_amount', 'orders.exchange_rate') }} as line_cost_amount,
        {{ at_rate(
            'products.unit_cost * order_lines.quantity',
            rate_or_one('products.currency', 'rates.exchange_rate')
        ) }} as unit_cost_amount,
        orders.ordered_on
    from order_lines
    inner join orders
    on
        order_lines.source_system = orders.source_system
        and order_lines.order_id = orders.order_id
    left join products
    on
        order_lines.source_system = products.source_system
        and order_lines.product_id = products.product_id
    left join rates
    on
        products.currency = rates.currency
        and orders.ordered_on = rates.rate_on
),

costed as (
    select
        order_line_key,
        order_key,
        product_key,
        customer_key,
        source_system,
        order_id,
        product_id,
        category,
        currency,
        case
            when line_cost_amount is not null then 'line'
            when unit_cost_amount is not null then 'unit_cost'
            when {{ parameter('gross_margin_ratio') }} is not null then 'margin_ratio'
        end as cost_basis,
        line_number,
        quantity,
        unit_price,
        net_amount,
        coalesce(
            line_cost_amount,
            unit_cost_amount,
            {{ money('net_amount * (1 - ' ~ parameter('gross_margin_ratio') ~ ')') }}
        ) as cost_amount,
        unit_price_original,
        net_amount_original,
        cost_amount_original,
        ordered_on
    from placed
)

select * from costed
