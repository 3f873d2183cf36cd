{{ config(
    materialized='repaired',
    repair_key=['customer_key'],
    touched="
        {{ customers_of_changes(['fct_activities', 'int_loseable_spells']) }}
        union all
        select customer_key from {{ ref('fct_activities') }}
        where
            {{ ripened(days_after('occurred_on', parameter('signal_recent_days'))) }}
            or {{ ripened(days_after(
                'occurred_on',
                parameter('signal_recent_days') ~ ' + ' ~ parameter('signal_baseline_days')
            )) }}
    ",
) }}

with

loseable_customers as (
    select distinct customer_key from {{ ref('int_loseable_spells') }}
),

-- what an order brought on its day: a later refund says nothing of the readiness to spend
active_days as (
    select
        activities.customer_key,
        activities.occurred_on,
        max(case when activities.activity = 'order' then 1 else 0 end) as order_day_count,
        coalesce(
            sum({{ rounded_money('activities.revenue_amount') }})
            filter (where activities.activity = 'order'),
            0
        ) as spent_amount
    from {{ ref('fct_activities') }} as activities
    inner join loseable_customers on activities.customer_key = loseable_customers.customer_key
    where
        {{ is_own_deed('activities.activity') }}
        and {{ only_touched(['activities.customer_key']) }}
    group by activities.customer_key, activities.occurred_on
),

-- A day counts as recent, then for the baseline, then no more: only then do figures change.
changes as (
    select
        customer_key,
        occurred_on as changed_on,
        1 as recent_day_count,
        spent_amount as recent_amount,
        0 as usual_day_count,
        0 as usual_order_day_count,
        0 as usual_amount
    from active_days
    union all
    select
        customer_key,
        {{ days_after('occurred_on', parameter('signal_recent_days')) }} as changed_on,
        -1 as recent_day_count,
        -spent_amount as recent_amount,
        1 as usual_day_count,
        order_day_count as usual_order_day_count,
        spent_amount as usual_amount
    from active_days
    union all
    select
        customer_key,
        {{ days_after(
            'occurred_on',
            parameter('signal_recent_days') ~ ' + ' ~ parameter('signal_baseline_days')
        ) }} as changed_on,
        0 as recent_day_count,
        0 as recent_amount,
        -1 as usual_day_count,
        -order_day_count as usual_order_day_count,
        -spent_amount as usual_amount
    from active_days
),

days as (
    select
        customer_key,
        changed_on,
        sum(recent_day_count) as recent_day_count,
        sum(recent_amount) as recent_amount,
        sum(usual_day_count) as usual_day_count,
        sum(usual_order_day_count) as usual_order_day_count,
        sum(usual_amount) as usual_amount
    from changes
    where changed_on <= {{ as_of_date() }}
    group by customer_key, changed_on
),

standing as (
    select
        customer_key,
        changed_on,
        sum(recent_day_count) over so_far as recent_day_count,
        sum(recent_amount) over so_far as recent_amount,
        sum(usual_day_count) over so_far as usual_day_count,
        sum(usual_order_day_count) over so_far as usual_order_day_count,
        sum(usual_amount) over so_far as usual_amount
    from days
    window so_far as (
        partition by customer_key
        order by changed_on
        rows between unbounded preceding and current row
    )
),

compared as (
    select
        customer_key,
        'activity_drop' as rule,
        changed_on,
        usual_day_count >= {{ parameter('signal_baseline_count') }} as has_baseline,
        {{ as_of_recent_days('usual_day_count') }} as baseline_value,
        cast(recent_day_count as double) as observed_value
    from standing
    union all
    select
        customer_key,
        'spend_drop' as rule,
        changed_on,
        usual_order_day_count >= {{ parameter('signal_baseline_count') }} as has_baseline,
        {{ as_of_recent_days('usual_amount') }} as baseline_value,
        cast(recent_amount as double) as observed_value
    from standing
),

-- without a baseline nothing falls, and only who is heard of again has recovered
judged as (
    select
        *,
        case
            when has_baseline or observed_value > 0
                then {{ fallen_or_recovered('observed_value', 'baseline_value') }}
        end as verdict
    from compared
),

turns as (
    select *
    from judged
    where verdict = 0 or (verdict = 1 and has_baseline)
    qualify
        verdict <> coalesce(
            lag(verdict) over (
                partition by customer_key, rule
                order by changed_on
            ),
            0
        )
),

spells as (
    select
        *,
        lead(changed_on) over (
            partition by customer_key, rule
            order by changed_on
        ) as closes_on
    from turns
)

select
    customer_key,
    rule,
    case when observed_value = 0 then 'high' else 'medium' end as severity,
    baseline_value,
    observed_value,
    changed_on as opens_on,
    closes_on
from spells
where verdict = 1
