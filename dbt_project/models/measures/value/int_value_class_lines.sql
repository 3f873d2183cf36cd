with

worths as (
    select
        customer_key,
        case when value_basis = 'margin' then margin_amount else net_amount end as value_amount
    from {{ ref('int_customer_values') }}
    where not is_guest and not is_erased
),

-- Customers of one value are one row; who is worth nothing, or costs money, must not push others
-- over a line.
amounts as (
    select
        value_amount,
        {{ money('sum(sum(value_amount)) over (order by value_amount desc)') }}
        - {{ money('sum(value_amount)') }} as amount_before,
        cast(sum(sum(value_amount)) over () as double) as total_value
    from worths
    where value_amount > 0
    group by value_amount
),

lines as (
    select
        'A' as value_class,
        {{ parameter('value_class_a_ratio') }} as ratio
    union all
    select
        'B' as value_class,
        {{ parameter('value_class_b_ratio') }} as ratio
),

crossed as (
    select
        lines.value_class,
        lines.ratio,
        min(amounts.value_amount) as value_amount,
        max(amounts.amount_before) as amount_before,
        max(amounts.total_value) as total_value
    from amounts
    inner join lines on cast(amounts.amount_before as double) / amounts.total_value < lines.ratio
    group by lines.value_class, lines.ratio
),

-- Only those whose value a line crosses need an order among themselves.
ordered as (
    select
        crossed.*,
        worths.customer_key,
        {{ money(
            "sum(worths.value_amount) over (
                partition by crossed.value_class
                order by worths.customer_key asc
                rows between unbounded preceding and current row
            )"
        ) }} - crossed.value_amount as equal_amount_before
    from crossed
    inner join worths on crossed.value_amount = worths.value_amount
)

select
    value_class,
    max(customer_key) as customer_key,
    max(value_amount) as value_amount
from ordered
where cast(amount_before + equal_amount_before as double) / total_value < ratio
group by value_class
