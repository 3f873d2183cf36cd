{{ config(
    materialized='repaired',
    repair_key=['customer_key'],
    touched="{{ customers_of_changes(['int_stage_days', 'int_stage_purchases']) }}",
) }}

with

days as (
    select * from {{ ref('int_stage_days') }}
    where {{ only_touched(['customer_key']) }}
),

purchases as (
    select * from {{ ref('int_stage_purchases') }}
    where {{ only_touched(['customer_key']) }}
),

with_purchase as (
    select
        days.*,
        purchases.is_contract,
        purchases.first_purchased_on,
        purchases.churned_on,
        purchases.reactivated_on,
        greatest(purchases.order_count, days.period_count) as purchase_count
    from days
    left join purchases
    on
        days.customer_key = purchases.customer_key
        and days.purchased_on = purchases.purchased_on
),

staged as (
    select
        *,
        case
            when is_terminated then 'terminated'
            when purchased_on is null and has_open_prospect then 'opportunity'
            when purchased_on is null and is_engaged then 'engaged'
            when purchased_on is null then 'prospect'
            when changed_on >= churned_on then 'churned'
            when is_contract and notice_count >= service_count then 'declining'
            when
                not is_contract
                and changed_on >= {{ days_after('purchased_on', parameter('at_risk_days')) }}
                then 'declining'
            when changed_on < {{ days_after('reactivated_on', parameter('reactivated_days')) }}
                then 'reactivated'
            when purchase_count = 1 and reactivated_on is null then 'new'
            when
                purchase_count >= {{ parameter('loyal_order_count') }}
                and changed_on
                >= {{ days_after('first_purchased_on', parameter('loyal_tenure_days')) }}
                and (
                    is_contract
                    or changed_on <= {{ days_after('purchased_on', parameter('loyal_gap_days')) }}
                )
                then 'loyal'
            else 'developing'
        end as stage
    from with_purchase
),

with_former as (
    select
        *,
        lag(stage) over (
            partition by customer_key
            order by changed_on
        ) as former_stage
    from staged
)

select
    customer_key,
    stage,
    case
        when stage = 'terminated' then 'terminated'
        when stage = 'prospect' then 'first_known'
        when stage = 'engaged' and former_stage = 'prospect' then 'first_contact'
        when stage = 'engaged' and former_stage is null then 'first_contact'
        when stage = 'engaged' and has_lost_opportunity then 'opportunity_lost'
        when stage = 'engaged' then 'trial_ended'
        when stage = 'opportunity' and has_opportunity then 'opportunity_opened'
        when stage = 'opportunity' then 'trial_started'
        when is_contract and stage in ('churned', 'declining') and has_end then 'service_ended'
        when is_contract and stage = 'declining' and has_notice then 'notice_given'
        when stage in ('churned', 'declining') then 'time_lapse'
        when has_order then 'ordered'
        when has_start then 'service_started'
        when has_period then 'renewed'
        else 'time_lapse'
    end as entry_reason,
    row_number() over to_come as stage_number,
    changed_on as entered_on,
    lead(changed_on) over to_come as exited_on
from with_former
where stage is distinct from former_stage
window to_come as (
    partition by customer_key
    order by changed_on
)
