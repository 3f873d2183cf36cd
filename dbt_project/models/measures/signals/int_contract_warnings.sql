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
),

opportunities as (
    select * from {{ ref('fct_opportunities') }}
    where customer_key is not null and not is_deleted
),

interactions as (
    select * from {{ ref('fct_interactions') }}
    where customer_key is not null and purpose = 'sales'
),

endings as (
    select
        subscriptions.customer_key,
        subscriptions.source_system,
        'subscription' as evidence_type,
        subscriptions.subscription_key as evidence_key,
        threats.threatened_on as ends_on,
        threats.known_on,
        threats.taken_back_on,
        subscriptions.cancelled_on
    from subscriptions
    inner join threats on subscriptions.subscription_key = threats.subscription_key
    where threats.threat = 'end_agreed' and threats.threatened_on > subscriptions.paid_from_on
    union all
    select
        customer_key,
        source_system,
        'opportunity' as evidence_type,
        opportunity_key as evidence_key,
        contract_ends_on as ends_on,
        coalesce(contract_signed_on, closed_on, created_on) as known_on,
        cast(null as date) as taken_back_on,
        cast(null as date) as cancelled_on
    from opportunities
    where is_won and contract_ends_on is not null
),

opened as (
    select
        *,
        greatest(
            {{ days_after('ends_on', '-' ~ parameter('signal_contract_ending_days')) }},
            known_on
        ) as opens_on,
        {{ days_after('ends_on', parameter('contract_grace_days')) }} as grace_until
    from endings
    where known_on < ends_on
),

-- a talk about the next contract, or the next contract itself
renewals as (
    select
        customer_key,
        opportunity_key as evidence_key,
        false as is_service,
        created_on as renewing_from,
        coalesce(closed_on, cast('9999-12-31' as date)) as renewing_until
    from opportunities
    union all
    select
        customer_key,
        interaction_key as evidence_key,
        false as is_service,
        occurred_on as renewing_from,
        {{ days_after('occurred_on', 1) }} as renewing_until
    from interactions
    union all
    select
        customer_key,
        subscription_key as evidence_key,
        true as is_service,
        paid_from_on as renewing_from,
        least(
            coalesce(ends_on, cast('9999-12-31' as date)),
            coalesce(paid_until_on, cast('9999-12-31' as date)),
            coalesce(deleted_on, cast('9999-12-31' as date))
        ) as renewing_until
    from subscriptions
    where paid_from_on <= {{ as_of_date() }}
),

-- a service that ends no later than this one renews nothing
renewed as (
    select
        opened.evidence_key,
        opened.ends_on,
        min(greatest(renewals.renewing_from, opened.opens_on)) as renewed_on
    from opened
    inner join renewals
    on
        opened.customer_key = renewals.customer_key
        and opened.evidence_key <> renewals.evidence_key
        and opened.grace_until > renewals.renewing_from
        and case when renewals.is_service then opened.ends_on else opened.opens_on end
        < renewals.renewing_until
    group by opened.evidence_key, opened.ends_on
),

closed as (
    select
        opened.*,
        least(
            opened.grace_until,
            coalesce(opened.taken_back_on, opened.grace_until),
            coalesce(renewed.renewed_on, opened.grace_until)
        ) as closes_on
    from opened
    left join renewed
    on opened.evidence_key = renewed.evidence_key and opened.ends_on = renewed.ends_on
)

select
    customer_key,
    source_system,
    'contract_ending' as rule,
    case when cancelled_on <= opens_on then 'high' else 'medium' end as severity,
    evidence_type,
    evidence_key,
    cast({{ parameter('signal_contract_ending_days') }} as double) as baseline_value,
    cast(
        {{ dbt.datediff('opens_on', 'ends_on', 'day') }}
        as double
    ) as observed_value,
    ends_on as evidence_on,
    opens_on,
    closes_on
from closed
where opens_on < closes_on
