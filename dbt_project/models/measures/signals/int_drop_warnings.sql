{{ config(
    materialized='repaired',
    repair_key=['customer_key'],
    touched="
        {{ customers_of_changes(['fct_activities', 'int_loseable_spells']) }}
        union all
        select customer_key from {{ ref('fct_activities') }}
        where {{ ripened(days_after('occurred_on', parameter('signal_recent_days'))) }}
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
        count(*) filter (where activities.activity = 'order') as order_count,
        sum({{ rounded_money('activities.revenue_amount') }})
        filter (where activities.activity = 'order') as spent_amount
    from {{ ref('fct_activities') }} as activities
    inner join loseable_customers on activities.customer_key = loseable_customers.customer_key
    where
        {{ is_own_deed('activities.activity') }}
        and {{ only_touched(['activities.customer_key']) }}
    group by activities.customer_key, activities.occurred_on
),

-- whole numbers, hundredths of money among them, whose sums are exact in whatever order
figures as (
    select
        customer_key,
        'activity_drop' as rule,
        occurred_on,
        1e0 as figure
    from active_days
    union all
    select
        customer_key,
        'spend_drop' as rule,
        occurred_on,
        cast(coalesce(spent_amount, 0) * 100 as double) as figure
    from active_days
    where order_count > 0
),

numbered as (
    select
        *,
        {{ dbt.datediff("cast('2000-01-01' as date)", 'occurred_on', 'day') }}
            as day_number
    from figures
),

-- how the recent days stand against the baseline's on the day itself, and when it is recent no more
standing as (
    select
        *,
        sum(figure) over (
            partition by customer_key, rule
            order by day_number
            range between {{ days_beside('signal_recent_days') }} preceding and current row
        ) as recent_figure,
        sum(figure) over (
            partition by customer_key, rule
            order by day_number
            range between
            {{ days_beside('signal_recent_days', 'signal_baseline_days') }} preceding
            and {{ parameter('signal_recent_days') }} preceding
        ) as usual_figure,
        sum(figure) over (
            partition by customer_key, rule
            order by day_number
            range between 1 following and {{ parameter('signal_recent_days') }} following
        ) as later_figure,
        sum(figure) over (
            partition by customer_key, rule
            order by day_number
            range between {{ days_beside('signal_baseline_days') }} preceding and current row
        ) as later_usual_figure,
        count(*) over (
            partition by customer_key, rule
            order by day_number
            range between {{ days_beside('signal_baseline_days') }} preceding and current row
        ) as later_usual_count
    from numbered
),

-- A figure falls on no day but one on which a day becomes the past, and recovers by deeds alone.
compared as (
    select
        customer_key,
        rule,
        {{ days_after('occurred_on', parameter('signal_recent_days')) }} as turned_on,
        1 as verdict,
        {{ as_of_recent_days('later_usual_figure') }} as baseline_figure,
        coalesce(later_figure, 0) as observed_figure
    from standing
    where later_usual_count >= {{ parameter('signal_baseline_count') }}
    union all
    select
        customer_key,
        rule,
        occurred_on as turned_on,
        0 as verdict,
        {{ as_of_recent_days('coalesce(usual_figure, 0)') }} as baseline_figure,
        recent_figure as observed_figure
    from standing
),

turns as (
    select *
    from compared
    where
        turned_on <= {{ as_of_date() }}
        and {{ fallen_or_recovered('observed_figure', 'baseline_figure') }} = verdict
    qualify
        verdict <> coalesce(
            lag(verdict) over (
                partition by customer_key, rule
                order by turned_on
            ),
            0
        )
),

spells as (
    select
        *,
        case rule when 'spend_drop' then 100e0 else 1e0 end as units,
        lead(turned_on) over (
            partition by customer_key, rule
            order by turned_on
        ) as closes_on
    from turns
)

select
    customer_key,
    rule,
    case when observed_figure = 0 then 'high' else 'medium' end as severity,
    baseline_figure / units as baseline_value,
    observed_figure / units as observed_value,
    turned_on as opens_on,
    closes_on
from spells
where verdict = 1
