{{ config(
    materialized='repaired',
    repair_key=['source_system', 'subscription_id'],
) }}

with

versions as (
    select * from {{ ref('stg_subscriptions_versions') }}
    where {{ has_happened('valid_from') }}
),

subscriptions as (
    select * from {{ ref('stg_subscriptions') }}
),

-- of a contract that was written after the as-of date its first version is all that is known
known as (
    select
        source_system,
        subscription_id,
        plan,
        billing_period,
        currency,
        recurring_amount,
        valid_from
    from versions
    union all
    select
        subscriptions.source_system,
        subscriptions.subscription_id,
        subscriptions.plan,
        subscriptions.billing_period,
        subscriptions.currency,
        subscriptions.recurring_amount,
        cast(null as timestamp) as valid_from
    from subscriptions
    left join versions
    on
        subscriptions.source_system = versions.source_system
        and subscriptions.subscription_id = versions.subscription_id
    where versions.subscription_id is null
),

-- of several in one day the last one holds
days as (
    select
        *,
        {{ local_date('valid_from') }} as valid_from_on
    from known
    qualify
        row_number() over (
            partition by source_system, subscription_id, {{ local_date('valid_from') }}
            order by valid_from desc nulls last
        ) = 1
)

-- the first version has held ever since
select
    {{ surrogate_key(['source_system', 'subscription_id']) }} as subscription_key,
    source_system,
    subscription_id,
    coalesce(plan, 'unknown') as plan,
    coalesce(billing_period, 'unknown') as billing_period,
    coalesce(currency, 'unknown') as currency,
    cast(
        recurring_amount
        / case billing_period when 'year' then 12 when 'quarter' then 3 else 1 end
        as decimal(28, 8)
    ) as monthly_amount,
    case
        when
            lag(source_system) over (
                partition by source_system, subscription_id
                order by valid_from_on asc nulls first
            ) is not null
            then valid_from_on
    end as held_from,
    lead(valid_from_on) over (
        partition by source_system, subscription_id
        order by valid_from_on asc nulls first
    ) as held_until
from days
