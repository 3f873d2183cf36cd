{{ config(
    materialized='repaired',
    repair_key=['customer_key'],
    touched="
        {{ customers_of_changes(['dim_customers', 'int_stage_approaches', 'int_paid_services', 'int_stage_purchases']) }}
        union all
        select customer_key from {{ ref('int_stage_approaches') }} where {{ ripened('happened_on') }}
        union all
        select customer_key from {{ ref('dim_customers') }}
        where {{ ripened('known_on') }} or {{ ripened('terminated_on') }}
        union all
        select customer_key from {{ ref('int_stage_purchases') }}
        where
            {{ ripened('churned_on') }}
            or {{ ripened(days_after('first_purchased_on', parameter('loyal_tenure_days'))) }}
            or {{ ripened(days_after('reactivated_on', parameter('reactivated_days'))) }}
            or {{ ripened(days_after('purchased_on', parameter('at_risk_days'))) }}
            or {{ ripened(days_after('purchased_on', parameter('loyal_gap_days') ~ ' + 1')) }}
    ",
) }}

with

customers as (
    select * from {{ ref('dim_customers') }}
    where
        not is_test
        and not is_guest
        and not is_erased
        and known_on <= {{ as_of_date() }}
        and {{ only_touched(['customer_key']) }}
),

approaches as (
    select * from {{ ref('int_stage_approaches') }}
    where {{ only_touched(['customer_key']) }}
),

services as (
    select * from {{ ref('int_paid_services') }}
    where {{ only_touched(['customer_key']) }}
),

purchases as (
    select * from {{ ref('int_stage_purchases') }}
    where {{ only_touched(['customer_key']) }}
),

-- beyond the periods that make a customer loyal no renewal changes anything
period_numbers as (
    {{ dbt.generate_series([var('loyal_order_count'), 2] | max) }}
),

renewals as (
    select
        services.customer_key,
        services.service_until,
        cast(
            {{ dbt.dateadd(
                'month',
                '(period_numbers.generated_number - 1) * services.billing_period_months',
                'services.paid_from_on'
            ) }} as date
        ) as happened_on
    from services
    inner join period_numbers
    on period_numbers.generated_number > 1
),

-- days on which nothing happens but a parameter's time is up
thresholds as (
    select
        customer_key,
        next_purchased_on,
        churned_on as happened_on
    from purchases
    union all
    select
        customer_key,
        next_purchased_on,
        {{ days_after('first_purchased_on', parameter('loyal_tenure_days')) }} as happened_on
    from purchases
    where {{ days_after('first_purchased_on', parameter('loyal_tenure_days')) }} >= purchased_on
    union all
    select
        customer_key,
        next_purchased_on,
        {{ days_after('reactivated_on', parameter('reactivated_days')) }} as happened_on
    from purchases
    where {{ days_after('reactivated_on', parameter('reactivated_days')) }} >= purchased_on
    union all
    select
        customer_key,
        next_purchased_on,
        {{ days_after('purchased_on', parameter('at_risk_days')) }} as happened_on
    from purchases
    where not is_contract
    union all
    select
        customer_key,
        next_purchased_on,
        {{ days_after('purchased_on', parameter('loyal_gap_days') ~ ' + 1') }} as happened_on
    from purchases
    where not is_contract
),

events as (
    select
        customer_key,
        'first_known' as event,
        known_on as happened_on
    from customers
    union all
    select
        customer_key,
        'terminated' as event,
        terminated_on as happened_on
    from customers
    union all
    select
        customer_key,
        event,
        happened_on
    from approaches
    union all
    select
        customer_key,
        case when is_contract then 'contract_began' else 'ordered' end as event,
        purchased_on as happened_on
    from purchases
    union all
    select
        customer_key,
        'service_started' as event,
        paid_from_on as happened_on
    from services
    union all
    select
        customer_key,
        'renewed' as event,
        happened_on
    from renewals
    where happened_on < service_until
    union all
    select
        customer_key,
        'notice_given' as event,
        noticed_on as happened_on
    from services
    union all
    select
        customer_key,
        'service_ended' as event,
        service_until as happened_on
    from services
    union all
    select
        customer_key,
        'noticed_service_ended' as event,
        service_until as happened_on
    from services
    where noticed_on is not null
    union all
    select
        customer_key,
        'time_lapse' as event,
        happened_on
    from thresholds
    where next_purchased_on is null or happened_on < next_purchased_on
)

-- what happened before we knew the customer is told on the day we first did
select
    events.customer_key,
    events.event,
    events.happened_on,
    greatest(events.happened_on, customers.known_on) as told_on
from events
inner join customers
on events.customer_key = customers.customer_key
where events.happened_on <= {{ as_of_date() }}
