{{ config(
    materialized='repaired',
    repair_key=['customer_key'],
    touched="{{ customers_of_changes(['int_stage_states', 'fct_activities']) }}",
) }}

with

states as (
    select * from {{ ref('int_stage_states') }}
    where {{ only_touched(['customer_key']) }}
),

activities as (
    select
        customer_key,
        activity_key,
        occurred_on,
        occurred_at,
        case
            when activity = 'order' then 'ordered'
            when activity = 'subscription_started' then 'service_started'
            when activity = 'subscription_cancelled' then 'notice_given'
            when activity = 'subscription_ended' then 'service_ended'
            when activity in ('trial_started', 'trial_order') then 'trial_started'
            when activity in ('opportunity_opened', 'opportunity_lost') then activity
            when activity in ({{ engaging_activities() }}) then 'first_contact'
        end as entry_reason
    from {{ ref('fct_activities') }}
    where {{ only_touched(['customer_key']) }}
)

-- of several on the day the first is the one
select
    states.customer_key,
    states.stage_number,
    activities.activity_key
from states
inner join activities
on
    states.customer_key = activities.customer_key
    and states.entered_on = activities.occurred_on
    and states.entry_reason = activities.entry_reason
qualify row_number() over (
    partition by states.customer_key, states.stage_number
    order by activities.occurred_at, activities.activity_key
) = 1
