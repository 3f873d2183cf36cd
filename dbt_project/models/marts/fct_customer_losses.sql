{{ config(
    materialized='repaired',
    repair_key=['customer_key'],
    touched="{{ customers_of_changes([
        'int_losses', 'int_loss_reasons', 'int_ledger_days', 'fct_orders', 'fct_tickets', 'fct_opportunities',
    ]) }}",
) }}

with

losses as (
    select * from {{ ref('int_losses') }}
    where {{ only_touched(['customer_key']) }}
),

reasons as (
    select * from {{ ref('int_loss_reasons') }}
),

ledger_days as (
    select * from {{ ref('int_ledger_days') }}
    where {{ only_touched(['customer_key']) }}
),

orders as (
    select * from {{ ref('fct_orders') }}
    where is_valid and due_on is not null and {{ only_touched(['customer_key']) }}
),

tickets as (
    select * from {{ ref('fct_tickets') }}
    where {{ only_touched(['customer_key']) }}
),

opportunities as (
    select * from {{ ref('fct_opportunities') }}
    where {{ only_touched(['customer_key']) }}
),

values_at_loss as (
    select
        losses.customer_key,
        losses.lost_on,
        {{ rounded_money('sum(ledger_days.net_amount)') }} as value_amount
    from losses
    inner join ledger_days
    on
        losses.customer_key = ledger_days.customer_key
        and losses.lost_on >= ledger_days.entered_on
    group by losses.customer_key, losses.lost_on
),

-- only what was sold on account is owed
unpaid_orders as (
    select
        losses.customer_key,
        losses.lost_on,
        {{ rounded_money('sum(orders.net_value_amount)') }} as unpaid_amount
    from losses
    inner join orders
    on
        losses.customer_key = orders.customer_key
        and losses.lost_on >= orders.ordered_on
    where {{ is_unpaid_on('orders', 'losses.lost_on') }}
    group by losses.customer_key, losses.lost_on
),

tickets_at_loss as (
    select
        losses.customer_key,
        losses.lost_on,
        count(*) filter (where {{ is_open_on('tickets', 'losses.lost_on') }}) as open_count,
        max(tickets.opened_on) filter (where tickets.is_complaint) as complained_on
    from losses
    inner join tickets
    on
        losses.customer_key = tickets.customer_key
        and losses.lost_on >= tickets.opened_on
    group by losses.customer_key, losses.lost_on
),

opportunities_at_loss as (
    select
        losses.customer_key,
        losses.lost_on,
        count(*) as open_count
    from losses
    inner join opportunities
    on
        losses.customer_key = opportunities.customer_key
        and losses.lost_on >= opportunities.created_on
    where
        coalesce(
            coalesce(
                opportunities.closed_on,
                case when opportunities.is_won then opportunities.created_on end
            ) > losses.lost_on,
            true
        )
        and coalesce(opportunities.deleted_on > losses.lost_on, true)
    group by losses.customer_key, losses.lost_on
)

select
    losses.customer_key,
    losses.loss_kind,
    losses.stated_reason,
    coalesce(reasons.derived_reason, 'unknown') as derived_reason,
    coalesce(reasons.reason_evidence, 'none') as reason_evidence,
    reasons.competitor,
    cast(coalesce(tickets_at_loss.open_count, 0) as bigint) as open_ticket_count,
    cast(coalesce(opportunities_at_loss.open_count, 0) as bigint) as open_opportunity_count,
    cast(
        {{ dbt.datediff(
            'tickets_at_loss.complained_on', 'losses.lost_on', 'day'
        ) }} as integer
    ) as days_since_complaint,
    cast(coalesce(values_at_loss.value_amount, 0) as decimal(18, 2)) as value_at_loss_amount,
    cast(coalesce(unpaid_orders.unpaid_amount, 0) as decimal(18, 2)) as unpaid_amount,
    losses.recovered_on is not null as is_recovered,
    losses.lost_on,
    losses.recognised_on,
    losses.recovered_on
from losses
left join reasons
on losses.customer_key = reasons.customer_key and losses.lost_on = reasons.lost_on
left join values_at_loss
on
    losses.customer_key = values_at_loss.customer_key
    and losses.lost_on = values_at_loss.lost_on
left join unpaid_orders
on losses.customer_key = unpaid_orders.customer_key and losses.lost_on = unpaid_orders.lost_on
left join tickets_at_loss
on
    losses.customer_key = tickets_at_loss.customer_key
    and losses.lost_on = tickets_at_loss.lost_on
left join opportunities_at_loss
on
    losses.customer_key = opportunities_at_loss.customer_key
    and losses.lost_on = opportunities_at_loss.lost_on
