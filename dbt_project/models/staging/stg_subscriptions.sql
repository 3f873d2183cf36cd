{{ config(
    materialized='repaired',
    repair_key=['source_system', 'subscription_id'],
    touched="{{ touched_versions('subscriptions', ['subscription_id'], 'updated_at') }}",
) }}

with

versions as (
    {{ all_versions('subscriptions', ['subscription_id']) }}
),

current_versions as (
    {{ current_versions(['subscription_id'], updated_at='updated_at') }}
)

select
    source_system,
    subscription_id,
    customer_id,
    plan,
    billing_period,
    recurring_amount,
    currency,
    started_at,
    trial_ends_at,
    cancelled_at,
    ends_at,
    {{ impersonal('cancel_reason') }} as cancel_reason,
    is_involuntary,
    payment_failed_at,
    updated_at,
    deleted_at,
    {{ local_date('started_at') }} as started_on,
    {{ local_date('trial_ends_at') }} as trial_ends_on,
    {{ local_date('cancelled_at') }} as cancelled_on,
    {{ local_date('ends_at') }} as ends_on,
    {{ local_date('payment_failed_at') }} as payment_failed_on,
    {{ local_date('updated_at') }} as updated_on,
    {{ local_date('deleted_at') }} as deleted_on,
    load_id,
    known_at
from current_versions
