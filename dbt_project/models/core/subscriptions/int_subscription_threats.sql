{{ config(
    materialized='repaired',
    repair_key=['subscription_key'],
) }}

with

versions as (
    select
        *,
        {{ local_date('valid_from') }} as told_on,
        case when {{ has_happened('valid_to') }} then {{ local_date('valid_to') }} end
            as taken_back_on,
        row_number() over (
            partition by source_system, subscription_id
            order by valid_from
        ) = 1 as is_first
    from {{ ref('stg_subscriptions_versions') }}
),

-- of a contract that was written after the as-of date its first version is all that is known
known as (
    select * from versions
    where is_first or {{ has_happened('valid_from') }}
),

-- Who reads only the last of a history must not take its end for known from the start.
threats as (
    select
        source_system,
        subscription_id,
        'payment_failed' as threat,
        payment_failed_on as threatened_on,
        payment_failed_on as known_on,
        taken_back_on
    from known
    where payment_failed_on <= {{ as_of_date() }}
    union all
    select
        source_system,
        subscription_id,
        'end_agreed' as threat,
        ends_on as threatened_on,
        case
            when not is_first then told_on
            when cancelled_on is not null or payment_failed_on is not null
                then
                    least(
                        coalesce(cancelled_on, payment_failed_on),
                        coalesce(payment_failed_on, cancelled_on)
                    )
            when is_involuntary then ends_on
            else started_on
        end as known_on,
        taken_back_on
    from known
    where ends_on is not null
)

-- a version that says no more of it takes it back
select
    {{ surrogate_key(['source_system', 'subscription_id']) }} as subscription_key,
    threat,
    threatened_on,
    min(known_on) as known_on,
    case when count(*) = count(taken_back_on) then max(taken_back_on) end as taken_back_on
from threats
group by source_system, subscription_id, threat, threatened_on
