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
    where {{ only_touched(['customer_key']) }}
),

-- under contract and in its grace the contract speaks, orders are silent
orders_and_contracts as (
    select
        order_days.customer_key,
        order_days.ordered_on as purchased_on,
        {{ days_after('order_days.ordered_on', parameter('lapse_days')) }} as holds_until,
        order_days.order_count,
        false as is_contract,
        contract_spells.customer_key is not null as is_within_contract
    from order_days
    left join contract_spells
    on
        order_days.customer_key = contract_spells.customer_key
        and order_days.ordered_on >= contract_spells.served_from
        and order_days.ordered_on
        < coalesce(contract_spells.lost_on, {{ days_after(as_of_date(), 1) }})
    union all
    select
        customer_key,
        served_from as purchased_on,
        lost_on as holds_until,
        0 as order_count,
        true as is_contract,
        false as is_within_contract
    from contract_spells
),

-- the contract comes first on its day: the order that pays for it is not one before it
counted as (
    select
        customer_key,
        purchased_on,
        holds_until,
        is_contract,
        is_within_contract,
        sum(order_count) over (
            partition by customer_key
            order by purchased_on asc, is_contract desc
            rows between unbounded preceding and current row
        ) as order_count,
        min(purchased_on) over (partition by customer_key) as first_purchased_on
    from orders_and_contracts
),

with_neighbours as (
    select
        *,
        lead(purchased_on) over in_turn as next_purchased_on,
        lag(holds_until) over in_turn as former_holds_until
    from counted
    where not is_within_contract
    window in_turn as (
        partition by customer_key
        order by purchased_on
    )
),

-- a purchase on the very day of lapse wins
with_loss as (
    select
        *,
        case
            when
                holds_until <= {{ as_of_date() }}
                and (next_purchased_on is null or holds_until < next_purchased_on)
                then holds_until
        end as churned_on,
        case when former_holds_until < purchased_on then purchased_on end as returned_on
    from with_neighbours
)

select
    customer_key,
    cast(order_count as bigint) as order_count,
    is_contract,
    purchased_on,
    next_purchased_on,
    first_purchased_on,
    churned_on,
    max(returned_on) over (
        partition by customer_key
        order by purchased_on
        rows between unbounded preceding and current row
    ) as reactivated_on
from with_loss
