{{ config(
    materialized='repaired',
    repair_key=['source_system', 'order_id'],
    day='ordered_on',
    touched="
        with changed as (
            select source_system, order_id from {{ changes('int_orders_converted') }}
            union
            select source_system, order_id from {{ changes('fct_order_lines') }}
            union
            select source_system, order_id from {{ changes('fct_refunds') }} where order_key is not null
        ),
        buyers as (
            select customer_key from {{ changes('int_orders_converted') }} where not is_guest
            union
            select customer_key from {{ ref('int_orders_converted') }}
            where not is_guest and (source_system, order_id) in (select * from changed)
        )
        select * from changed
        union all
        {{ may_acquire_instead() }}
    ",
) }}

with

orders as (
    select * from {{ ref('int_orders_converted') }}
    where {{ only_touched(['source_system', 'order_id']) }}
),

order_lines as (
    select * from {{ ref('fct_order_lines') }}
    where {{ only_touched(['source_system', 'order_id']) }}
),

refunds as (
    select * from {{ ref('fct_refunds') }}
    where {{ only_touched(['source_system', 'order_id']) }}
),

-- lines speak for their order only when all of them do
line_costs as (
    select
        order_key,
        case when count(*) = count(*) filter (where cost_basis = 'line') then sum(cost_amount) end
            as line_cost_amount,
        case
            when count(*) = count(*) filter (where cost_basis in ('line', 'unit_cost'))
                then sum(cost_amount)
        end as unit_cost_amount
    from order_lines
    group by order_key
),

order_refunds as (
    select
        refunds.order_key,
        case when count(*) = count(refunds.amount) then sum(refunds.amount) end as refund_amount,
        sum(
            case
                when refunds.currency = orders.currency then {{ money('refunds.amount_original') }}
                else {{ at_rate('refunds.amount', '1 / nullif(orders.exchange_rate, 0)') }}
            end
        ) as refund_amount_in_order_currency
    from refunds
    inner join orders on refunds.order_key = orders.order_key
    group by refunds.order_key
),

settled as (
    select
        orders.*,
        case
            when line_costs.line_cost_amount is not null then 'line'
            when orders.cost_amount is not null then 'order'
            when line_costs.unit_cost_amount is not null then 'unit_cost'
            when {{ parameter('gross_margin_ratio') }} is not null then 'margin_ratio'
        end as cost_basis,
        coalesce(
            line_costs.line_cost_amount,
            orders.cost_amount,
            line_costs.unit_cost_amount,
            {{ money('orders.net_amount * (1 - ' ~ parameter('gross_margin_ratio') ~ ')') }}
        ) as resolved_cost_amount,
        case when order_refunds.order_key is null then 0 else order_refunds.refund_amount end
            as refund_amount,
        coalesce(
            order_refunds.refund_amount_in_order_currency > 0
            and order_refunds.refund_amount_in_order_currency >= orders.net_amount_original,
            false
        ) as is_refunded_in_full
    from orders
    left join line_costs on orders.order_key = line_costs.order_key
    left join order_refunds on orders.order_key = order_refunds.order_key
),

acquisitions as (
    select
        customer_key,
        min_by(order_key, (ordered_at, order_id, source_system)) as order_key
    from settled
    where is_valid and not is_guest and not is_refunded_in_full
    group by customer_key
),

finished as (
    select
        settled.order_key,
        settled.customer_key,
        settled.source_system,
        settled.order_id,
        settled.customer_id,
        settled.status,
        settled.channel,
        settled.store_id,
        settled.coupon_code,
        settled.currency,
        settled.cost_basis,
        settled.gross_amount,
        settled.discount_amount,
        settled.tax_amount,
        settled.shipping_amount,
        settled.net_amount,
        {{ money('settled.resolved_cost_amount') }} as cost_amount,
        {{ money('settled.refund_amount') }} as refund_amount,
        {{ money('settled.net_amount - settled.refund_amount') }} as net_value_amount,
        {{ money('settled.net_amount - settled.refund_amount - settled.resolved_cost_amount') }}
            as margin_amount,
        settled.gross_amount_original,
        settled.discount_amount_original,
        settled.tax_amount_original,
        settled.shipping_amount_original,
        settled.net_amount_original,
        settled.cost_amount_original,
        settled.exchange_rate,
        settled.is_valid,
        settled.is_guest,
        acquisitions.order_key is not null as is_acquisition,
        settled.is_refunded_in_full,
        settled.is_trial,
        settled.is_test,
        settled.ordered_on,
        settled.due_on,
        settled.paid_on,
        settled.updated_on,
        settled.ordered_at,
        settled.paid_at,
        settled.updated_at
    from settled
    left join acquisitions on settled.order_key = acquisitions.order_key
)

select * from finished
