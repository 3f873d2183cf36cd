with

stays as (
    select * from {{ ref('fct_lifecycle_stages') }}
),

stages as (
    select * from {{ ref('dim_lifecycle_stages') }}
),

with_former as (
    select
        *,
        lag(stage) over in_turn as from_stage,
        lag(days_in_stage) over in_turn as days_in_from_stage
    from stays
    window in_turn as (
        partition by customer_key
        order by stage_number
    )
)

-- coming back from decline or loss is no step back, though our order of stages ends with them
select
    with_former.customer_key,
    with_former.from_stage,
    with_former.stage as to_stage,
    case
        when with_former.entry_reason = 'terminated' then 'decision'
        when with_former.entry_reason in ('time_lapse', 'trial_ended') then 'time_lapse'
        else 'event'
    end as cause,
    with_former.entry_activity_key,
    with_former.stage_number,
    with_former.days_in_from_stage,
    to_stages.sort_number < from_stages.sort_number
    and with_former.from_stage not in ('declining', 'churned', 'reactivated') as is_regression,
    with_former.from_stage = 'churned' and with_former.stage <> 'terminated' as is_reactivation,
    with_former.entered_on as transitioned_on,
    with_former.as_of_date
from with_former
inner join stages as from_stages
on with_former.from_stage = from_stages.stage
inner join stages as to_stages
on with_former.stage = to_stages.stage
