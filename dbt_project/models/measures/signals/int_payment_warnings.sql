{{ config(
    materialized='repaired',
    repair_key=['customer_key'],
) }}

with

subscriptions as (
    select * from {{ ref('fct_subscriptions') }}
    where customer_key is not null and paid_from_on is not null
),

threats as (
    select * from {{ ref('int_subscription_threats') }}
    where threat = 'payment_failed'
),

-- that it was paid after all shows by the next period being served
failures as (
    select
        subscriptions.customer_key,
        subscriptions.source_system,
        subscriptions.subscription_key,
        threats.threatened_on,
        least(
            coalesce(threats.taken_back_on, cast('9999-12-31' as date)),
            cast(
                {{ dbt.dateadd(
                    'month', 'subscriptions.billing_period_months', 'threats.threatened_on'
                ) }} as date
            ),
            {{ days_after('threats.threatened_on', parameter('signal_outcome_days')) }}
        ) as closes_on
    from subscriptions
    inner join threats on subscriptions.subscription_key = threats.subscription_key
)

select
    customer_key,
    source_system,
    'payment_failure' as rule,
    'high' as severity,
    'subscription' as evidence_type,
    subscription_key as evidence_key,
    cast(0 as double) as baseline_value,
    cast(1 as double) as observed_value,
    threatened_on as evidence_on,
    threatened_on as opens_on,
    closes_on
from failures
where threatened_on < closes_on
