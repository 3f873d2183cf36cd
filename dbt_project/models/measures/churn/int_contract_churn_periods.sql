with

customer_periods as (
    select * from {{ ref('int_contract_customer_periods') }}
),

recurring as (
    select * from {{ ref('int_mrr_periods') }}
),

of_currency as (
    select
        customer_key,
        period_grain,
        period_start,
        currency,
        sum(start_amount) as start_sum,
        sum(end_amount) as end_sum,
        max(start_rate) as start_rate,
        max(end_rate) as end_rate
    from recurring
    where start_amount is not null or end_amount is not null
    group by customer_key, period_grain, period_start, currency
),

-- a currency that comes into the customer's contracts in the period may lack a rate at its start
rated as (
    select
        *,
        case when start_sum is null then coalesce(start_rate, end_rate) else start_rate end
            as movement_rate
    from of_currency
),

priced as (
    select
        customer_key,
        period_grain,
        period_start,
        currency,
        {{ money('start_sum') }} as start_original,
        {{ money('end_sum') }} as end_original,
        {{ at_rate('start_sum', 'start_rate') }} as start_amount,
        {{ at_rate('end_sum', 'movement_rate') }} as end_at_start_rate,
        {{ at_rate('end_sum', 'end_rate') }} as end_amount
    from rated
),

-- a customer as a whole in reporting currency, and in each currency apart
stood as (
    select
        customer_key,
        period_grain,
        period_start,
        cast(null as {{ dbt.type_string() }}) as own_currency,
        coalesce(sum(start_amount), 0) as start_amount,
        coalesce(sum(end_at_start_rate), 0) as end_at_start_rate,
        coalesce(sum(end_amount), 0) as end_amount,
        count(start_amount) + count(end_amount) > 0 as is_priced
    from priced
    group by customer_key, period_grain, period_start
    union all
    select
        customer_key,
        period_grain,
        period_start,
        currency as own_currency,
        coalesce(start_original, 0) as start_amount,
        coalesce(end_original, 0) as end_at_start_rate,
        coalesce(end_original, 0) as end_amount,
        true as is_priced
    from priced
),

moved as (
    select
        customer_periods.period_grain,
        customer_periods.period_start,
        customer_periods.channel,
        customer_periods.country,
        customer_periods.plan,
        customer_periods.billing_period,
        stood.own_currency,
        stood.is_priced,
        stood.start_amount,
        stood.end_at_start_rate,
        stood.end_amount,
        case
            when customer_periods.active_start_count > 0 and customer_periods.active_end_count > 0
                then 'stayed'
            when customer_periods.active_start_count > 0 then 'lost'
            when customer_periods.new_count > 0 then 'new'
            else 'reactivated'
        end as movement
    from stood
    inner join customer_periods
    on
        stood.customer_key = customer_periods.customer_key
        and stood.period_grain = customer_periods.period_grain
        and stood.period_start = customer_periods.period_start
),

movements as (
    select
        *,
        case when movement = 'new' then end_at_start_rate else 0 end as new_amount,
        case when movement = 'reactivated' then end_at_start_rate else 0 end as reactivation_amount,
        case when movement = 'stayed' then greatest(end_at_start_rate - start_amount, 0) else 0 end
            as expansion_amount,
        case when movement = 'stayed' then greatest(start_amount - end_at_start_rate, 0) else 0 end
            as contraction_amount,
        case when movement = 'lost' then start_amount else 0 end as churned_amount,
        case when is_priced then 1 else 0 end as priced_count
    from moved
),

whole_movements as (
    select * from movements
    where own_currency is null
),

movements_by_currency as (
    select * from movements
    where own_currency is not null
),

amounts as (
    {{ sums_by_segment('whole_movements', contract_segments(), churn_amounts()) }}
    union all
    {{ sums_by_segment(
        'movements_by_currency', {'currency': 'own_currency'}, churn_amounts()
    ) }}
),

counts as (
    {{ sums_by_segment('customer_periods', contract_segments(), churn_counts()) }}
    union all
    {{ sums_by_segment('customer_periods', {'currency': 'currency'}, churn_counts()) }}
),

grains as (
    select distinct period_grain
    from customer_periods
),

days as (
    select {{ each_day('min(period_start)', as_of_date()) }} as date_day
    from customer_periods
    where period_grain = 'month'
),

-- a period without any movement still has its row
periods as (
    select distinct
        grains.period_grain,
        {{ period_start('grains.period_grain', 'days.date_day') }} as period_start
    from days
    cross join grains
),

segments as (
    select
        segment_type,
        segment_value
    from counts
    union
    select
        segment_type,
        segment_value
    from amounts
)

-- amounts of which none has a rate are not known to be nought
select
    periods.period_grain,
    periods.period_start,
    {{ period_end('periods.period_grain', 'periods.period_start') }} as period_end,
    segments.segment_type,
    segments.segment_value,
    coalesce(amounts.priced_count > 0, true) as has_amounts,
    {{ or_nought('counts', churn_counts()) }},
    {{ or_nought('amounts', churn_amounts()) }}
from periods
cross join segments
left join counts
on
    periods.period_grain = counts.period_grain
    and periods.period_start = counts.period_start
    and segments.segment_type = counts.segment_type
    and segments.segment_value = counts.segment_value
left join amounts
on
    periods.period_grain = amounts.period_grain
    and periods.period_start = amounts.period_start
    and segments.segment_type = amounts.segment_type
    and segments.segment_value = amounts.segment_value
