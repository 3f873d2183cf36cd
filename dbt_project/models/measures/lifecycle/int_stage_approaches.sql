{{ config(
    materialized='repaired',
    repair_key=['customer_key'],
    touched="{{ customers_of_changes(['fct_activities', 'fct_opportunities', 'fct_subscriptions']) }}",
) }}

with

activities as (
    select * from {{ ref('fct_activities') }}
    where {{ only_touched(['customer_key']) }}
),

-- of nobody that we know it is nobody's approach
opportunities as (
    select * from {{ ref('fct_opportunities') }}
    where customer_key is not null and {{ only_touched(['customer_key']) }}
),

subscriptions as (
    select * from {{ ref('fct_subscriptions') }}
    where {{ only_touched(['customer_key']) }}
),

-- only the first contact matters, and every approach is one
first_contacts as (
    select
        customer_key,
        'first_contact' as event,
        min(occurred_on) as happened_on
    from activities
    where
        activity in ({{ engaging_activities() }})
        or activity in ('opportunity_opened', 'trial_started', 'trial_order')
    group by customer_key
),

-- a won opportunity stays one until the first purchase; a deleted one has come to nothing
ended_opportunities as (
    select
        customer_key,
        'opportunity_lost' as event,
        case
            when is_won or closed_on is null then deleted_on
            else least(closed_on, coalesce(deleted_on, closed_on))
        end as happened_on
    from opportunities
    where deleted_on is not null or (closed_on is not null and not is_won)
),

trials as (
    select
        subscriptions.customer_key,
        subscriptions.started_on,
        least(
            subscriptions.trial_ends_on,
            coalesce(subscriptions.ends_on, subscriptions.trial_ends_on),
            coalesce(subscriptions.deleted_on, subscriptions.trial_ends_on)
        ) as trial_until
    from subscriptions
    where subscriptions.trial_ends_on > subscriptions.started_on
)

select
    customer_key,
    event,
    happened_on
from first_contacts
union all
select
    customer_key,
    'opportunity_opened' as event,
    created_on as happened_on
from opportunities
union all
select
    customer_key,
    event,
    happened_on
from ended_opportunities
union all
select
    customer_key,
    'trial_started' as event,
    started_on as happened_on
from trials
union all
select
    customer_key,
    'trial_ended' as event,
    trial_until as happened_on
from trials
union all
select
    customer_key,
    'trial_started' as event,
    occurred_on as happened_on
from activities
where activity = 'trial_order'
