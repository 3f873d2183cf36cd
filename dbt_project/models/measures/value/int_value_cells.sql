with

order_days as (
    select
        customer_key,
        entered_on as ordered_on
    from {{ ref('int_ledger_days') }}
    where purchase_count > 0
),

buyers as (
    select * from {{ ref('int_customer_values') }}
    where frequency is not null
),

segments as (
    select * from {{ ref('int_value_segments') }}
),

first_days as (
    select
        first_ordered_on,
        sum(count(*)) over (order by first_ordered_on) as buyer_count
    from {{ ref('int_customer_values') }}
    where first_ordered_on is not null
    group by first_ordered_on
),

-- A few who ordered long before all others say nothing of how long there have been buyers.
beginnings as (
    select
        coalesce(
            min(first_ordered_on) filter (
                where buyer_count >= {{ parameter('minimum_reportable_count') }}
            ),
            min(first_ordered_on)
        ) as begins_on
    from first_days
),

-- Two cut-offs need three spans of time: the one before the first of them is what is learnt from.
spans as (
    select
        least(
            {{ parameter('value_horizon_days') }},
            cast(
                floor(
                    {{ dbt.datediff('begins_on', as_of_date(), 'day') }}
                    / 3.0
                ) as integer
            )
        ) as holdout_days
    from beginnings
),

cut_offs as (
    select
        holdout_days,
        {{ days_after(as_of_date(), '-holdout_days') }} as late_on,
        {{ days_after(as_of_date(), '-2 * holdout_days') }} as early_on,
        {{ days_after(as_of_date(), '-3 * holdout_days') }} as before_on
    from spans
),

histories as (
    select
        order_days.customer_key,
        min(order_days.ordered_on) as first_ordered_on,
        max(order_days.ordered_on) as last_ordered_on,
        max(case when order_days.ordered_on <= cut_offs.late_on then order_days.ordered_on end)
            as last_by_late,
        max(case when order_days.ordered_on <= cut_offs.early_on then order_days.ordered_on end)
            as last_by_early,
        count(*) as day_count,
        count(case when order_days.ordered_on <= cut_offs.late_on then 1 end) as by_late_count,
        count(case when order_days.ordered_on <= cut_offs.early_on then 1 end) as by_early_count,
        count(case when order_days.ordered_on <= cut_offs.before_on then 1 end) as by_before_count
    from order_days
    cross join cut_offs
    group by order_days.customer_key
),

placed as (
    select
        buyers.customer_key,
        segments.segment_number
    from buyers
    inner join segments
    on
        buyers.acquisition_channel = segments.acquisition_channel
        and buyers.acquisition_country = segments.acquisition_country
),

-- Days are counted before they are joined: a buyer is fewer rows than days.
watched as (
    select
        histories.*,
        placed.segment_number,
        cut_offs.holdout_days,
        cut_offs.late_on,
        cut_offs.early_on
    from histories
    inner join placed on histories.customer_key = placed.customer_key
    cross join cut_offs
),

-- A first order repeats nothing, so it is not among those of the span before a cut-off.
observed as (
    select
        {{ as_of_date() }} as observed_on,
        holdout_days,
        segment_number,
        false as is_cut_off,
        first_ordered_on,
        last_ordered_on,
        day_count - 1 as frequency,
        0 as former_count,
        0 as actual_count
    from watched
    union all
    select
        late_on as observed_on,
        holdout_days,
        segment_number,
        true as is_cut_off,
        first_ordered_on,
        last_by_late as last_ordered_on,
        by_late_count - 1 as frequency,
        by_late_count - greatest(by_early_count, 1) as former_count,
        day_count - by_late_count as actual_count
    from watched
    where by_late_count > 0 and holdout_days > 0
    union all
    select
        early_on as observed_on,
        holdout_days,
        segment_number,
        true as is_cut_off,
        first_ordered_on,
        last_by_early as last_ordered_on,
        by_early_count - 1 as frequency,
        by_early_count - greatest(by_before_count, 1) as former_count,
        by_late_count - by_early_count as actual_count
    from watched
    where by_early_count > 0 and holdout_days > 0
),

described as (
    select
        observed_on,
        holdout_days,
        segment_number,
        is_cut_off,
        cast(frequency as bigint) as frequency,
        {{ dbt.datediff('first_ordered_on', 'last_ordered_on', 'day') }}
            as recency_days,
        {{ dbt.datediff('first_ordered_on', 'observed_on', 'day') }}
            as age_days,
        cast(former_count as bigint) as former_count,
        cast(actual_count as bigint) as actual_count
    from observed
)

select
    observed_on,
    holdout_days,
    segment_number,
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
    segment_number,
    is_cut_off,
    frequency,
    recency_days,
    age_days,
    former_count,
    actual_count
