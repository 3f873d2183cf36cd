with

order_days as (
    select * from {{ ref('int_order_days') }}
),

-- Two cut-offs need three spans of time: the one before the first of them is what is learnt from.
spans as (
    select
        least(
            {{ parameter('value_horizon_days') }},
            cast(
                floor({{ dbt.datediff('min(ordered_on)', as_of_date(), 'day') }} / 3.0) as integer
            )
        ) as holdout_days
    from order_days
),

observations as (
    select
        {{ as_of_date() }} as observed_on,
        holdout_days,
        false as is_cut_off
    from spans
    union all
    select
        {{ days_after(as_of_date(), '-holdout_days') }} as observed_on,
        holdout_days,
        true as is_cut_off
    from spans
    where holdout_days > 0
    union all
    select
        {{ days_after(as_of_date(), '-2 * holdout_days') }} as observed_on,
        holdout_days,
        true as is_cut_off
    from spans
    where holdout_days > 0
),

with_windows as (
    select
        *,
        {{ days_after('observed_on', '-holdout_days') }} as former_from,
        {{ days_after('observed_on', 'holdout_days') }} as actual_until
    from observations
),

first_days as (
    select
        customer_key,
        min(ordered_on) as first_ordered_on
    from order_days
    group by customer_key
),

histories as (
    select
        order_days.customer_key,
        with_windows.observed_on,
        with_windows.holdout_days,
        with_windows.is_cut_off,
        first_days.first_ordered_on,
        max(order_days.ordered_on) filter (
            where order_days.ordered_on <= with_windows.observed_on
        ) as last_ordered_on,
        count(*) filter (where order_days.ordered_on <= with_windows.observed_on)
        - 1 as frequency,
        count(*) filter (
            where
            with_windows.is_cut_off
            and order_days.ordered_on > with_windows.former_from
            and order_days.ordered_on <= with_windows.observed_on
            and order_days.ordered_on > first_days.first_ordered_on
        ) as former_count,
        count(*) filter (
            where
            order_days.ordered_on > with_windows.observed_on
            and order_days.ordered_on <= with_windows.actual_until
        ) as actual_count
    from order_days
    inner join first_days on order_days.customer_key = first_days.customer_key
    inner join with_windows on first_days.first_ordered_on <= with_windows.observed_on
    group by
        order_days.customer_key,
        with_windows.observed_on,
        with_windows.holdout_days,
        with_windows.is_cut_off,
        first_days.first_ordered_on
),

described as (
    select
        observed_on,
        holdout_days,
        is_cut_off,
        frequency,
        {{ dbt.datediff('first_ordered_on', 'last_ordered_on', 'day') }} as recency_days,
        {{ dbt.datediff('first_ordered_on', 'observed_on', 'day') }} as age_days,
        former_count,
        actual_count
    from histories
)

select
    observed_on,
    holdout_days,
    is_cut_off,
    frequency,
    recency_days,
    age_days,
    former_count,
    actual_count,
    count(*) as customer_count
from described
group by
    observed_on,
    holdout_days,
    is_cut_off,
    frequency,
    recency_days,
    age_days,
    former_count,
    actual_count
