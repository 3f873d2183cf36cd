with

services as (
    select * from {{ ref('int_paid_services') }}
),

terms as (
    select * from {{ ref('int_subscription_terms') }}
),

contract_spells as (
    select * from {{ ref('int_contract_spells') }}
),

rates as (
    select * from {{ ref('int_daily_rates') }}
),

grains as (
    select 'month' as period_grain
    union all
    select 'quarter' as period_grain
),

stretches as (
    select
        services.customer_key,
        services.subscription_key,
        terms.plan,
        terms.billing_period,
        terms.currency,
        terms.monthly_amount,
        greatest(services.paid_from_on, terms.held_from) as held_from,
        least(services.service_until, terms.held_until) as held_until
    from services
    inner join terms on services.subscription_key = terms.subscription_key
    where
        greatest(services.paid_from_on, terms.held_from)
        < least(services.service_until, terms.held_until)
),

with_earlier_cover as (
    select
        *,
        max(held_until) over (
            partition by customer_key
            order by held_from, subscription_key
            rows between unbounded preceding and 1 preceding
        ) as covered_until
    from stretches
),

numbered as (
    select
        *,
        sum(case when held_from <= covered_until then 0 else 1 end) over (
            partition by customer_key
            order by held_from, subscription_key
            rows between unbounded preceding and current row
        ) as cover_number
    from with_earlier_cover
),

covers as (
    select
        customer_key,
        cover_number,
        max(held_until) as covered_until,
        lead(min(held_from)) over (
            partition by customer_key
            order by cover_number
        ) as resumed_on
    from numbered
    group by customer_key, cover_number
),

-- what stood last goes on standing in a gap that is no loss, or not yet known to be one
carried as (
    select
        numbered.customer_key,
        numbered.plan,
        numbered.billing_period,
        numbered.currency,
        numbered.monthly_amount,
        numbered.held_from,
        case
            when numbered.held_until < covers.covered_until then numbered.held_until
            when
                covers.resumed_on
                <= {{ days_after('covers.covered_until', parameter('contract_grace_days')) }}
                then covers.resumed_on
            when
                covers.resumed_on is null
                and {{ days_after('covers.covered_until', parameter('contract_grace_days')) }}
                > {{ as_of_date() }}
                then {{ days_after(as_of_date(), 1) }}
            else numbered.held_until
        end as held_until
    from numbered
    inner join covers
    on
        numbered.customer_key = covers.customer_key
        and numbered.cover_number = covers.cover_number
),

days as (
    select {{ each_day('min(held_from)', as_of_date()) }} as date_day
    from carried
),

period_starts as (
    select distinct
        grains.period_grain,
        {{ period_start('grains.period_grain', 'days.date_day') }} as period_start
    from days
    cross join grains
),

periods as (
    select
        *,
        {{ days_after('period_start', -1) }} as opens_on,
        least(
            {{ days_after(period_end('period_grain', 'period_start'), -1) }}, {{ as_of_date() }}
        ) as closes_on
    from period_starts
),

-- who was not there at the start is known by what the first spell of the period began with
joinings as (
    select
        contract_spells.customer_key,
        grains.period_grain,
        {{ period_start('grains.period_grain', 'contract_spells.served_from') }} as period_start,
        min(contract_spells.served_from) as joined_on
    from contract_spells
    cross join grains
    group by
        contract_spells.customer_key,
        grains.period_grain,
        {{ period_start('grains.period_grain', 'contract_spells.served_from') }}
),

summed as (
    select
        carried.customer_key,
        periods.period_grain,
        periods.period_start,
        periods.opens_on,
        periods.closes_on,
        carried.plan,
        carried.billing_period,
        carried.currency,
        sum(carried.monthly_amount) filter (where carried.held_from <= periods.opens_on)
            as start_amount,
        sum(carried.monthly_amount) filter (
            where
            carried.held_from <= joinings.joined_on and carried.held_until > joinings.joined_on
        ) as joining_amount,
        sum(carried.monthly_amount) filter (where carried.held_until > periods.closes_on)
            as end_amount
    from carried
    inner join periods
    on carried.held_from <= periods.closes_on and carried.held_until > periods.opens_on
    left join joinings
    on
        carried.customer_key = joinings.customer_key
        and periods.period_grain = joinings.period_grain
        and periods.period_start = joinings.period_start
    group by
        carried.customer_key,
        periods.period_grain,
        periods.period_start,
        periods.opens_on,
        periods.closes_on,
        carried.plan,
        carried.billing_period,
        carried.currency
)

select
    summed.customer_key,
    summed.period_grain,
    summed.period_start,
    summed.plan,
    summed.billing_period,
    summed.currency,
    {{ money('summed.start_amount') }} as start_amount,
    {{ money('summed.joining_amount') }} as joining_amount,
    {{ money('summed.end_amount') }} as end_amount,
    {{ rate_or_one('summed.currency', 'opening_rates.exchange_rate') }} as start_rate,
    {{ rate_or_one('summed.currency', 'closing_rates.exchange_rate') }} as end_rate
from summed
left join rates as opening_rates
on summed.currency = opening_rates.currency and summed.opens_on = opening_rates.rate_on
left join rates as closing_rates
on summed.currency = closing_rates.currency and summed.closes_on = closing_rates.rate_on
