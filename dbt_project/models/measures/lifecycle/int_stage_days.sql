{{ config(
    materialized='repaired',
    repair_key=['customer_key'],
    touched="{{ customers_of_changes(['int_stage_events']) }}",
) }}

with

events as (
    select * from {{ ref('int_stage_events') }}
    where {{ only_touched(['customer_key']) }}
),

-- one row per day: what happened within it has no order, only its close counts
days as (
    select
        customer_key,
        told_on,
        max(case when event in ('ordered', 'contract_began') then happened_on end) as purchased_on,
        max(case when event = 'terminated' then 1 else 0 end) as has_termination,
        max(case when event = 'first_contact' then 1 else 0 end) as has_contact,
        max(case when event = 'ordered' then 1 else 0 end) as has_order,
        max(case when event in ('service_started', 'renewed') then 1 else 0 end) as has_period,
        max(case when event = 'service_started' then 1 else 0 end) as has_start,
        max(case when event = 'service_ended' then 1 else 0 end) as has_end,
        max(case when event = 'notice_given' then 1 else 0 end) as has_notice,
        max(case when event = 'opportunity_opened' then 1 else 0 end) as has_opportunity,
        max(case when event = 'opportunity_lost' then 1 else 0 end) as has_lost_opportunity,
        sum(case event
            when 'opportunity_opened' then 1
            when 'trial_started' then 1
            when 'opportunity_lost' then -1
            when 'trial_ended' then -1
            else 0
        end) as prospect_change,
        sum(case event when 'service_started' then 1 when 'service_ended' then -1 else 0 end)
            as service_change,
        sum(case event when 'notice_given' then 1 when 'noticed_service_ended' then -1 else 0 end)
            as notice_change
    from events
    group by customer_key, told_on
)

select
    customer_key,
    told_on as changed_on,
    has_order = 1 as has_order,
    has_period = 1 as has_period,
    has_start = 1 as has_start,
    has_end = 1 as has_end,
    has_notice = 1 as has_notice,
    has_opportunity = 1 as has_opportunity,
    has_lost_opportunity = 1 as has_lost_opportunity,
    max(has_termination) over to_date = 1 as is_terminated,
    max(has_contact) over to_date = 1 as is_engaged,
    sum(prospect_change) over to_date > 0 as has_open_prospect,
    sum(service_change) over to_date as service_count,
    sum(notice_change) over to_date as notice_count,
    sum(has_period) over to_date as period_count,
    max(purchased_on) over to_date as purchased_on
from days
window to_date as (
    partition by customer_key
    order by told_on
    rows between unbounded preceding and current row
)
