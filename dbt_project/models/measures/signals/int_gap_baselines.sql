{{ config(
    materialized='repaired',
    repair_key=['month_start'],
) }}

with

order_days as (
    select * from {{ ref('int_order_days') }}
),

gaps as (
    select
        ordered_on,
        {{ dbt.datediff('former_ordered_on', 'ordered_on', 'day') }}
            as gap_days
    from (
        select
            ordered_on,
            lag(ordered_on) over (
                partition by customer_key
                order by ordered_on
            ) as former_ordered_on
        from order_days
    ) as followed
    where former_ordered_on is not null
)

-- those that ended in a month tell what is usual in the next one, which knows no more of its own
select
    {{ period_end("'month'", period_start("'month'", 'ordered_on')) }} as month_start,
    count(*) as gap_count,
    percentile_cont({{ parameter('signal_gap_quantile') }}) within group (order by gap_days)
        as gap_days
from gaps
group by {{ period_end("'month'", period_start("'month'", 'ordered_on')) }}
having count(*) >= {{ parameter('minimum_reportable_count') }}
