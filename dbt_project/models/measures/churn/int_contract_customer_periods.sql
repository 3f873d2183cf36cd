with

contract_spells as (
    select * from {{ ref('int_contract_spells') }}
),

subscriptions as (
    select * from {{ ref('fct_subscriptions') }}
),

customers as (
    select * from {{ ref('dim_customers') }}
),

recurring as (
    select * from {{ ref('int_mrr_periods') }}
),

grains as (
    select 'month' as period_grain
    union all
    select 'quarter' as period_grain
),

days as (
    select {{ each_day('min(served_from)', as_of_date()) }} as date_day
    from contract_spells
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
        {{ period_end('period_grain', 'period_start') }} as period_end
    from period_starts
),

-- whom we let go is lost neither of free will nor against it
spells as (
    select
        contract_spells.*,
        coalesce(customers.terminated_on <= contract_spells.lost_on, false) as is_terminated,
        coalesce(subscriptions.is_involuntary, false) as is_involuntary
    from contract_spells
    inner join customers on contract_spells.customer_key = customers.customer_key
    left join subscriptions
    on contract_spells.last_subscription_key = subscriptions.subscription_key
),

-- the spells that a period saw, each with what it did in it
seen as (
    select
        periods.*,
        spells.customer_key,
        spells.spell_number,
        spells.is_terminated,
        spells.is_involuntary,
        spells.served_from < periods.period_start as was_there,
        coalesce(spells.lost_on < periods.period_end, false) as is_lost
    from spells
    inner join periods
    on
        spells.served_from < periods.period_end
        and coalesce(spells.lost_on, periods.period_start) >= periods.period_start
),

counted as (
    select
        period_grain,
        period_start,
        period_end,
        customer_key,
        count(*) filter (where was_there) as active_start_count,
        count(*) filter (where not was_there and spell_number = 1) as new_count,
        count(*) filter (where not was_there and spell_number > 1) as reactivated_count,
        count(*) filter (where was_there and is_lost) as lost_count,
        count(*) filter (where not was_there and is_lost) as new_and_lost_count,
        count(*) filter (where not is_lost) as active_end_count,
        count(*) filter (
            where was_there and is_lost and not is_involuntary and not is_terminated
        ) as voluntary_lost_count,
        count(*) filter (
            where was_there and is_lost and is_involuntary and not is_terminated
        ) as involuntary_lost_count
    from seen
    group by period_grain, period_start, period_end, customer_key
),

-- a customer is of one plan, billing period and currency in a period: those of the greatest
-- contract
main_contracts as (
    select
        *,
        coalesce(start_amount, joining_amount)
        * coalesce(start_rate, end_rate) as amount_in_reporting_currency
    from recurring
    where start_amount is not null or joining_amount is not null
    qualify
        row_number() over (
            partition by customer_key, period_grain, period_start
            order by
                case when start_amount is null then 1 else 0 end asc,
                amount_in_reporting_currency desc nulls last,
                plan asc,
                billing_period asc,
                currency asc
        ) = 1
)

select
    counted.*,
    customers.acquisition_channel as channel,
    customers.acquisition_country as country,
    main_contracts.plan,
    main_contracts.billing_period,
    main_contracts.currency
from counted
inner join customers on counted.customer_key = customers.customer_key
inner join main_contracts
on
    counted.customer_key = main_contracts.customer_key
    and counted.period_grain = main_contracts.period_grain
    and counted.period_start = main_contracts.period_start
