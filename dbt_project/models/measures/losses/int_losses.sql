{{ config(
    materialized='repaired',
    repair_key=['customer_key'],
    touched="{{ customers_of_changes([
        'int_stage_states', 'int_contract_spells', 'fct_subscriptions', 'fct_opportunities', 'dim_customers',
    ]) }}",
) }}

with

states as (
    select
        *,
        lag(stage) over in_turn as former_stage,
        lead(stage) over in_turn as next_stage
    from {{ ref('int_stage_states') }}
    where {{ only_touched(['customer_key']) }}
    window in_turn as (
        partition by customer_key
        order by stage_number
    )
),

customers as (
    select * from {{ ref('dim_customers') }}
    where {{ only_touched(['customer_key']) }}
),

contract_spells as (
    select * from {{ ref('int_contract_spells') }}
    where {{ only_touched(['customer_key']) }}
),

subscriptions as (
    select * from {{ ref('fct_subscriptions') }}
    where {{ only_touched(['customer_key']) }}
),

opportunities as (
    select * from {{ ref('fct_opportunities') }}
    where
        not is_won
        and closed_on is not null
        and lost_reason is not null
        and {{ only_touched(['customer_key']) }}
),

-- who was lost already is not lost once more by being let go, and a prospect never was a customer
losses as (
    select
        customer_key,
        stage,
        entry_reason,
        entered_on as lost_on,
        case when next_stage <> 'terminated' then exited_on end as recovered_on
    from states
    where
        stage in ('churned', 'terminated')
        and former_stage in ('new', 'developing', 'loyal', 'declining', 'reactivated')
),

lost_opportunities as (
    select
        losses.customer_key,
        losses.lost_on,
        opportunities.lost_reason
    from losses
    inner join opportunities
    on
        losses.customer_key = opportunities.customer_key
        and {{ is_shortly_before('opportunities.closed_on', 'losses.lost_on') }}
    qualify
        row_number() over (
            partition by losses.customer_key, losses.lost_on
            order by opportunities.closed_on desc, opportunities.opportunity_key asc
        ) = 1
)

select
    losses.customer_key,
    case
        when losses.stage = 'terminated' then 'terminated'
        when losses.entry_reason <> 'service_ended' then 'lapse'
        when subscriptions.is_involuntary then 'involuntary'
        else 'voluntary'
    end as loss_kind,
    coalesce(
        case when losses.stage = 'terminated' then customers.termination_reason end,
        case when losses.entry_reason = 'service_ended' then subscriptions.cancel_reason end,
        lost_opportunities.lost_reason
    ) as stated_reason,
    losses.lost_on,
    case
        when losses.entry_reason = 'service_ended'
            then {{ days_after('losses.lost_on', parameter('contract_grace_days')) }}
        else losses.lost_on
    end as recognised_on,
    losses.recovered_on
from losses
inner join customers on losses.customer_key = customers.customer_key
left join contract_spells
on losses.customer_key = contract_spells.customer_key and losses.lost_on = contract_spells.lost_on
left join subscriptions
on contract_spells.last_subscription_key = subscriptions.subscription_key
left join lost_opportunities
on
    losses.customer_key = lost_opportunities.customer_key
    and losses.lost_on = lost_opportunities.lost_on
