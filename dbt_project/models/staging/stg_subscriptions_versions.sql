{{ config(
    materialized='repaired',
    repair_key=['source_system', 'subscription_id'],
    touched="{{ touched_versions('subscriptions', ['subscription_id']) }}",
) }}

with

versions as (
    {{ all_versions('subscriptions', ['subscription_id']) }}
),

-- of rows written at one instant one holds; read again, it is known from its first load
instants as (
    select
        *,
        coalesce(updated_at, known_at) as valid_from
    from versions
    qualify
        row_number() over (
            partition by source_system, subscription_id, coalesce(updated_at, known_at)
            order by
                case when updated_at is not null then content_hash end desc nulls last,
                load_id asc,
                row_number desc
        ) = 1
),

-- a row that only repeats what is known begins no version
changes as (
    select *
    from instants
    qualify
        content_hash is distinct from lag(content_hash) over (
            partition by source_system, subscription_id order by valid_from asc
        )
),

spans as (
    select
        *,
        lead(valid_from) over (
            partition by source_system, subscription_id order by valid_from asc
        ) as valid_to
    from changes
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
    known_at,
    valid_from,
    valid_to
from spans
