with

customer_values as (
    select * from {{ ref('int_customer_values') }}
),

valued as (
    select
        *,
        case
            when is_guest then 'guest'
            when is_erased then 'erased'
            when order_count = 0 then 'not_a_buyer'
            else 'insufficient_history'
        end as status,
        case when value_basis = 'margin' then margin_amount else net_amount end as value_amount
    from customer_values
),

-- Who is worth nothing, or costs money, must not push others over a line.
ranked as (
    select
        customer_key,
        cast(
            sum(value_amount) over (
                order by value_amount desc nulls last, customer_key asc
                rows between unbounded preceding and current row
            ) - value_amount as double
        ) / cast(sum(value_amount) over () as double) as share_before
    from valued
    where
        value_amount > 0
        and not is_guest
        and not is_erased
),

classed as (
    select
        valued.*,
        case
            when valued.is_guest or valued.is_erased then null
            when ranked.share_before < {{ parameter('value_class_a_ratio') }} then 'A'
            when ranked.share_before < {{ parameter('value_class_b_ratio') }} then 'B'
            else 'C'
        end as value_class
    from valued
    left join ranked on valued.customer_key = ranked.customer_key
),

typed as (
    select
        cast(customer_key as string) as customer_key,
        cast(null as string) as model_key,
        cast(value_basis as string) as value_basis,
        cast(value_class as string) as value_class,
        cast(status as string) as status,
        cast(order_count as bigint) as order_count,
        cast(frequency as bigint) as frequency,
        cast(
            {{ dbt.datediff('first_ordered_on', 'last_ordered_on', 'day') }}
            as integer
        ) as recency_days,
        cast(
            {{ dbt.datediff('first_ordered_on', as_of_date(), 'day') }}
            as integer
        ) as age_days,
        cast(
            {{ dbt.datediff('last_ordered_on', as_of_date(), 'day') }}
            as integer
        ) as days_since_last_order,
        {{ rounded_money('mean_repeat_value') }} as monetary_amount,
        {{ rounded_money('revenue_amount') }} as historical_revenue_amount,
        {{ rounded_money('refund_amount') }} as historical_refund_amount,
        {{ rounded_money('margin_amount') }} as historical_margin_amount,
        cast(null as double) as probability_alive,
        cast(null as double) as expected_orders,
        cast(null as decimal(18, 2)) as expected_value_amount,
        cast(null as decimal(18, 2)) as expected_value_low_amount,
        cast(null as decimal(18, 2)) as expected_value_high_amount,
        cast(null as integer) as horizon_days,
        cast(null as decimal(18, 2)) as lifetime_value_amount,
        cast(first_ordered_on as date) as first_ordered_on,
        cast(last_ordered_on as date) as last_ordered_on,
        {{ as_of_date() }} as as_of_date
    from classed
)

select * from typed
