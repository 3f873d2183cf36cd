{{ config(
    materialized='repaired',
    repair_key=['customer_key'],
    touched="
        {{ customers_of_changes(['int_ledger_days', 'dim_customers', 'int_contract_spells']) }}
        union all
        select customer_key from {{ ref('int_order_days') }}
        where {{ ripened(days_after('ordered_on', parameter('lapse_days'))) }}
    ",
) }}

with

order_days as (
    select * from {{ ref('int_order_days') }}
    where {{ only_touched(['customer_key']) }}
),

contract_spells as (
    select * from {{ ref('int_contract_spells') }}
),

with_next_order as (
    select
        customer_key,
        ordered_on,
        {{ days_after('ordered_on', parameter('lapse_days')) }} as lapses_on,
        lead(ordered_on) over (
            partition by customer_key
            order by ordered_on
        ) as next_ordered_on
    from order_days
),

-- nobody lapses under contract or in its grace: the clock runs out on the first day after both
with_lapse as (
    select
        with_next_order.customer_key,
        with_next_order.ordered_on,
        with_next_order.next_ordered_on,
        coalesce(contract_spells.grace_until, with_next_order.lapses_on) as lapses_on
    from with_next_order
    left join contract_spells
    on
        with_next_order.customer_key = contract_spells.customer_key
        and with_next_order.lapses_on >= contract_spells.served_from
        and with_next_order.lapses_on < contract_spells.grace_until
),

-- an order on the very day of lapse wins
with_loss as (
    select
        customer_key,
        ordered_on,
        case
            when
                lapses_on <= {{ as_of_date() }}
                and (next_ordered_on is null or lapses_on < next_ordered_on)
                then lapses_on
        end as lost_on
    from with_lapse
),

numbered as (
    select
        *,
        1 + count(lost_on) over (
            partition by customer_key
            order by ordered_on
            rows between unbounded preceding and current row
        ) - case when lost_on is null then 0 else 1 end as spell_number
    from with_loss
)

select
    customer_key,
    cast(spell_number as integer) as spell_number,
    min(ordered_on) as active_from,
    max(lost_on) as lost_on
from numbered
group by customer_key, spell_number
