with

orders as (
    select * from {{ ref('fct_orders') }}
),

refunds as (
    select * from {{ ref('fct_refunds') }}
),

customers as (
    select * from {{ ref('dim_customers') }}
),

acquisitions as (
    select
        customer_key,
        source_system,
        order_id,
        ordered_at
    from orders
    where is_acquisition
),

-- An order refunded in full before the acquisition is money, but no purchase.
order_entries as (
    select
        orders.customer_key,
        orders.order_key,
        'order' as entry_type,
        coalesce(orders.gross_amount, orders.net_amount + coalesce(orders.discount_amount, 0))
            as gross_amount,
        cast(0 as decimal(28, 8)) as refund_amount,
        orders.net_amount,
        orders.net_amount - orders.cost_amount as margin_amount,
        orders.net_value_amount,
        coalesce(
            customers.is_guest
            or customers.is_erased
            or orders.is_acquisition
            or orders.ordered_at > acquisitions.ordered_at
            or (
                orders.ordered_at = acquisitions.ordered_at
                and (
                    orders.order_id > acquisitions.order_id
                    or (
                        orders.order_id = acquisitions.order_id
                        and orders.source_system > acquisitions.source_system
                    )
                )
            ),
            false
        ) as is_purchase,
        orders.ordered_on as entered_on,
        orders.ordered_on
    from orders
    inner join customers on orders.customer_key = customers.customer_key
    left join acquisitions on orders.customer_key = acquisitions.customer_key
    where orders.is_valid
),

-- The refund of an order that never counted as revenue takes nothing away.
refund_entries as (
    select
        coalesce(orders.customer_key, refunds.customer_key, '-1') as customer_key,
        orders.order_key,
        'refund' as entry_type,
        cast(0 as decimal(28, 8)) as gross_amount,
        refunds.amount as refund_amount,
        -refunds.amount as net_amount,
        -refunds.amount as margin_amount,
        cast(null as decimal(28, 8)) as net_value_amount,
        false as is_purchase,
        refunds.refunded_on as entered_on,
        coalesce(orders.ordered_on, refunds.refunded_on) as ordered_on
    from refunds
    left join orders on refunds.order_key = orders.order_key
    where orders.order_key is null or orders.is_valid
),

entries as (
    select * from order_entries
    union all
    select * from refund_entries
),

typed as (
    select
        entries.customer_key,
        cast(entries.order_key as string) as order_key,
        cast(entries.entry_type as string) as entry_type,
        {{ money('entries.gross_amount') }} as gross_amount,
        {{ money('entries.refund_amount') }} as refund_amount,
        {{ money('entries.net_amount') }} as net_amount,
        {{ money('entries.margin_amount') }} as margin_amount,
        {{ money('entries.net_value_amount') }} as net_value_amount,
        entries.is_purchase,
        entries.entered_on,
        case
            when {{ parameter('refund_basis') }} = 'order_month' then entries.ordered_on
            else entries.entered_on
        end as booked_on
    from entries
    inner join customers on entries.customer_key = customers.customer_key
    where not customers.is_test
)

select * from typed
