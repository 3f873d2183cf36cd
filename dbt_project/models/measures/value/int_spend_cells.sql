with

spenders as (
    select
        frequency,
        mean_repeat_value
    from {{ ref('int_customer_values') }}
    -- what rates leave of an order that was given back in parts is no spend
    where frequency > 0 and {{ rounded_money('mean_repeat_value') }} > 0
),

-- Means that differ by less than a hundredth are one: the fit moves by a hundredth of its error.
binned as (
    select
        frequency,
        cast(floor(ln(mean_repeat_value) * 100) as integer) as value_bin,
        {{ money('mean_repeat_value') }} as mean_repeat_amount
    from spenders
)

select
    frequency,
    value_bin,
    cast(sum(mean_repeat_amount) as double) / count(*) as mean_repeat_value,
    count(*) as customer_count
from binned
group by frequency, value_bin
