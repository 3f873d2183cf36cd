{{ config(
    materialized='repaired',
    repair_key=['customer_key', 'spell_number'],
) }}

with

services as (
    select * from {{ ref('int_paid_services') }}
),

with_earlier_cover as (
    select
        *,
        max(service_until) over (
            partition by customer_key
            order by paid_from_on, subscription_key
            rows between unbounded preceding and 1 preceding
        ) as covered_until
    from services
),

-- a gap no longer than the grace is no loss, so the spell goes on over it
numbered as (
    select
        *,
        sum(
            case
                when
                    paid_from_on
                    <= {{ days_after('covered_until', parameter('contract_grace_days')) }}
                    then 0
                else 1
            end
        ) over (
            partition by customer_key
            order by paid_from_on, subscription_key
            rows between unbounded preceding and current row
        ) as spell_number
    from with_earlier_cover
),

spells as (
    select
        customer_key,
        spell_number,
        min(paid_from_on) as served_from,
        max(service_until) as served_until,
        max_by(subscription_key, (service_until, subscription_key)) as last_subscription_key
    from numbered
    group by customer_key, spell_number
)

select
    customer_key,
    spell_number,
    last_subscription_key,
    served_from,
    served_until,
    {{ days_after('served_until', parameter('contract_grace_days')) }} as grace_until,
    case
        when
            {{ days_after('served_until', parameter('contract_grace_days')) }} <= {{ as_of_date() }}
            then served_until
    end as lost_on
from spells
