with

services as (
    select * from {{ ref('int_paid_services') }}
),

spells as (
    select * from {{ ref('int_contract_spells') }}
),

-- A spell is paid for in the period that its first contract was agreed with.
first_services as (
    select
        spells.customer_key,
        spells.spell_number,
        spells.served_from,
        spells.served_until,
        spells.lost_on is not null as is_lost,
        min_by(
            services.billing_period_months, services.subscription_key
        ) as billing_period_months
    from spells
    inner join services
    on
        spells.customer_key = services.customer_key
        and spells.served_from = services.paid_from_on
    group by
        spells.customer_key,
        spells.spell_number,
        spells.served_from,
        spells.served_until,
        spells.lost_on is not null
),

-- Periods of the mean length of a month: the end of a paid one may miss its day by three.
counted as (
    select
        is_lost,
        served_until <= {{ as_of_date() }} as has_ended,
        cast(
            floor(
                (
                    {{ dbt.datediff('served_from', 'served_until', 'day') }}
                    + 3
                ) / (billing_period_months * 30.4375)
            ) as integer
        ) as period_count
    from first_services
)

-- the renewal at which service stopped was not kept, though the grace may yet undo the loss
select
    case when has_ended then greatest(period_count - 1, 0) else period_count end as renewal_count,
    is_lost,
    count(*) as spell_count,
    {{ as_of_date() }} as observed_on
from counted
group by case when has_ended then greatest(period_count - 1, 0) else period_count end, is_lost
