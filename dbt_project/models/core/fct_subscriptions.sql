{{ config(
    materialized='repaired',
    repair_key=['subscription_key'],
) }}

with

subscriptions as (
    select * from {{ ref('stg_subscriptions') }}
),

identities as (
    select * from {{ ref('int_identities_resolved') }}
    where identity_type = 'customer'
),

rates as (
    select * from {{ ref('int_exchange_rates') }}
),

-- what costs nothing is no paid service, be it at first or since the price was taken away
paid_terms as (
    select
        source_system,
        subscription_id,
        min(coalesce(held_from, cast('0001-01-01' as date))) as paid_since,
        max(coalesce(held_until, cast('9999-12-31' as date))) as paid_until
    from {{ ref('int_subscription_terms') }}
    where monthly_amount > 0
    group by source_system, subscription_id
),

-- a contract may start later, if it was written by now; an end told of later is not known yet
known as (
    select
        *,
        coalesce(
            ends_on > {{ as_of_date() }}
            and (cancelled_on > {{ as_of_date() }} or payment_failed_on > {{ as_of_date() }}),
            false
        ) as is_end_unknown,
        least(started_on, {{ as_of_date() }}) as rate_on,
        case billing_period when 'year' then 12 when 'quarter' then 3 else 1 end
            as billing_period_months
    from subscriptions
    where started_on <= {{ as_of_date() }} or updated_on <= {{ as_of_date() }}
),

told as (
    select
        known.*,
        case when not known.is_end_unknown then known.ends_at end as known_ends_at,
        case when not known.is_end_unknown then known.ends_on end as known_ends_on,
        case
            when paid_terms.subscription_id is not null
                then greatest(known.started_on, known.trial_ends_on, paid_terms.paid_since)
        end as first_payable_on,
        nullif(paid_terms.paid_until, cast('9999-12-31' as date)) as paid_until_on
    from known
    left join paid_terms
    on
        known.source_system = paid_terms.source_system
        and known.subscription_id = paid_terms.subscription_id
),

resolved as (
    select
        {{ surrogate_key(['told.source_system', 'told.subscription_id']) }} as subscription_key,
        identities.customer_key,
        told.source_system,
        told.subscription_id,
        told.customer_id,
        told.plan,
        told.billing_period,
        told.currency,
        {{ known_by_as_of(
            'told.cancel_reason', 'coalesce(told.cancelled_on, told.known_ends_on)'
        ) }}
            as cancel_reason,
        told.billing_period_months,
        {{ at_rate('told.recurring_amount', rate_or_one('told.currency', 'rates.exchange_rate')) }}
            as recurring_amount,
        {{ at_rate(
            'told.recurring_amount / told.billing_period_months',
            rate_or_one('told.currency', 'rates.exchange_rate')
        ) }} as monthly_amount,
        told.recurring_amount as recurring_amount_original,
        cast(told.recurring_amount / told.billing_period_months as decimal(28, 8))
            as monthly_amount_original,
        coalesce(
            coalesce(
                told.is_involuntary,
                told.payment_failed_on <= told.known_ends_on and told.cancelled_on is null
            )
            and not told.is_end_unknown,
            false
        ) as is_involuntary,
        coalesce(told.deleted_on <= {{ as_of_date() }}, false) as is_deleted,
        told.started_on,
        told.trial_ends_on,
        case
            when
                coalesce(told.known_ends_on > told.first_payable_on, true)
                and coalesce(told.paid_until_on > told.first_payable_on, true)
                and coalesce(
                    told.deleted_on > told.first_payable_on or told.deleted_on > {{ as_of_date() }},
                    true
                )
                then told.first_payable_on
        end as paid_from_on,
        told.paid_until_on,
        {{ known_by_as_of('told.cancelled_on', 'told.cancelled_on') }} as cancelled_on,
        told.known_ends_on as ends_on,
        {{ known_by_as_of('told.payment_failed_on', 'told.payment_failed_on') }}
            as payment_failed_on,
        told.updated_on,
        {{ known_by_as_of('told.deleted_on', 'told.deleted_on') }} as deleted_on,
        told.started_at,
        told.trial_ends_at,
        {{ known_by_as_of('told.cancelled_at', 'told.cancelled_on') }} as cancelled_at,
        told.known_ends_at as ends_at,
        {{ known_by_as_of('told.payment_failed_at', 'told.payment_failed_on') }}
            as payment_failed_at,
        told.updated_at,
        {{ known_by_as_of('told.deleted_at', 'told.deleted_on') }} as deleted_at
    from told
    left join identities
    on
        told.source_system = identities.source_system
        and told.customer_id = identities.source_customer_id
    left join rates
    on
        told.currency = rates.currency
        and told.rate_on = rates.rate_on
)

select * from resolved
