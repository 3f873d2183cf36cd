with

customers as (
    select * from {{ ref('dim_customers') }}
    where not is_test
),

entries as (
    select * from {{ ref('int_ledger_entries') }}
),

sums as (
    select
        customer_key,
        count(*) filter (where entry_type = 'order') as valid_order_count,
        count(*) filter (where is_purchase) as order_count,
        count(*) filter (where entry_type = 'order' and margin_amount is null)
            as unknown_margin_count,
        sum(net_amount) filter (where entry_type = 'order') as revenue_amount,
        sum(refund_amount) as refund_amount,
        sum(net_amount) as net_amount,
        sum(margin_amount) as known_margin_amount
    from entries
    group by customer_key
),

-- Guests and erased persons are many people each, whose order days say nothing together.
order_days as (
    select
        entries.customer_key,
        entries.entered_on as ordered_on,
        sum(entries.net_value_amount) as net_value_amount,
        row_number() over (
            partition by entries.customer_key
            order by entries.entered_on asc
        ) as day_number
    from entries
    inner join customers on entries.customer_key = customers.customer_key
    where
        entries.is_purchase
        and not customers.is_guest
        and not customers.is_erased
    group by entries.customer_key, entries.entered_on
),

rhythms as (
    select
        customer_key,
        min(ordered_on) as first_ordered_on,
        max(ordered_on) as last_ordered_on,
        count(*) - 1 as frequency,
        sum(net_value_amount) filter (where day_number > 1) as repeat_value_amount
    from order_days
    group by customer_key
),

measured as (
    select
        customers.customer_key,
        customers.is_guest,
        customers.is_erased,
        rhythms.first_ordered_on,
        rhythms.last_ordered_on,
        rhythms.frequency,
        cast(rhythms.repeat_value_amount as double) / nullif(rhythms.frequency, 0)
            as mean_repeat_value,
        case
            when sums.valid_order_count > 0 and sums.unknown_margin_count = 0 then 'margin'
            else 'revenue'
        end as value_basis,
        {{ money('coalesce(sums.revenue_amount, 0)') }} as revenue_amount,
        {{ money('coalesce(sums.refund_amount, 0)') }} as refund_amount,
        {{ money('coalesce(sums.net_amount, 0)') }} as net_amount,
        case
            when coalesce(sums.unknown_margin_count, 0) = 0
                then {{ money('coalesce(sums.known_margin_amount, 0)') }}
        end as margin_amount,
        coalesce(sums.order_count, 0) as order_count
    from customers
    left join sums on customers.customer_key = sums.customer_key
    left join rhythms on customers.customer_key = rhythms.customer_key
)

select * from measured
