{{ config(
    materialized='repaired',
    repair_key=['customer_key'],
    touched="
        {{ customers_of_changes(['int_ledger_days', 'dim_customers']) }}
        union all
        select order_days.customer_key
        from {{ ref('int_order_days') }} as order_days
        inner join {{ changes('int_gap_baselines') }} as baselines
            on cast({{ dbt.date_trunc('month', 'order_days.ordered_on') }} as date) = baselines.month_start
    ",
) }}

with

order_days as (
    select * from {{ ref('int_order_days') }}
    where {{ only_touched(['customer_key']) }}
),

segment_baselines as (
    select * from {{ ref('int_gap_baselines') }}
),

followed as (
    select
        customer_key,
        ordered_on,
        lag(ordered_on) over in_turn as former_ordered_on,
        lead(ordered_on) over in_turn as next_ordered_on
    from order_days
    window in_turn as (
        partition by customer_key
        order by ordered_on
    )
),

gaps as (
    select
        *,
        {{ dbt.datediff('former_ordered_on', 'ordered_on', 'day') }}
            as gap_days
    from followed
),

-- the gaps that the customer had closed by an order say what the next one may be
with_own as (
    select
        *,
        count(gap_days) over so_far as gap_count,
        {{ running_quantile('gap_days', parameter('signal_gap_quantile'), 'so_far') }}
            as own_gap_days
    from gaps
    window so_far as (
        partition by customer_key
        order by ordered_on
        rows between unbounded preceding and current row
    )
),

-- who has closed too few is held against the gaps that others had closed by then, and who has
-- closed none against nothing
with_baseline as (
    select
        with_own.customer_key,
        with_own.ordered_on,
        with_own.next_ordered_on,
        case
            when with_own.gap_count >= {{ parameter('signal_baseline_count') }} then 'own'
            else 'segment'
        end as baseline_basis,
        round(
            case
                when with_own.gap_count >= {{ parameter('signal_baseline_count') }}
                    then with_own.own_gap_days
                when with_own.gap_count > 0 then segment_baselines.gap_days
            end,
            6
        ) as baseline_value
    from with_own
    left join segment_baselines
    on {{ period_start("'month'", 'with_own.ordered_on') }} = segment_baselines.month_start
),

opened as (
    select
        *,
        cast(floor(baseline_value) as integer) + 1 as observed_value,
        {{ days_after('ordered_on', 'cast(floor(baseline_value) as integer) + 1') }} as opens_on
    from with_baseline
    where baseline_value is not null
)

-- an order on the very day closes the gap before it is too long
select
    customer_key,
    'frequency_drop' as rule,
    case baseline_basis when 'own' then 'medium' else 'low' end as severity,
    baseline_basis,
    baseline_value,
    cast(observed_value as double) as observed_value,
    ordered_on,
    opens_on,
    next_ordered_on as closes_on
from opened
where next_ordered_on is null or opens_on < next_ordered_on
