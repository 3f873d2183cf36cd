with

states as (
    select * from {{ ref('int_stage_states') }}
),

customers as (
    select * from {{ ref('dim_customers') }}
),

entry_activities as (
    select * from {{ ref('int_stage_entry_activities') }}
),

axes as (
    select * from {{ ref('int_stage_axes') }}
),

source_stages as (
    select * from {{ ref('source_stages') }}
)

select
    states.customer_key,
    states.stage,
    cast(states.stage_number as integer) as stage_number,
    states.entered_on,
    states.exited_on,
    cast(
        {{ dbt.datediff(
            'states.entered_on', 'coalesce(states.exited_on, ' ~ as_of_date() ~ ')', 'day'
        ) }} as integer
    ) as days_in_stage,
    states.entry_reason,
    entry_activities.activity_key as entry_activity_key,
    axes.value_trend,
    axes.attitude,
    case when states.exited_on is null then customers.source_stage end as source_stage,
    case
        when states.exited_on is not null or customers.source_stage is null then 'unstated'
        when source_stages.stages is null then 'unmapped'
        when ' ' || source_stages.stages || ' ' like '% ' || states.stage || ' %' then 'agrees'
        else 'differs'
    end as source_agreement,
    states.exited_on is null as is_current,
    {{ as_of_date() }} as as_of_date
from states
inner join customers
on states.customer_key = customers.customer_key
left join entry_activities
on
    states.customer_key = entry_activities.customer_key
    and states.stage_number = entry_activities.stage_number
inner join axes
on
    states.customer_key = axes.customer_key
    and states.stage_number = axes.stage_number
left join source_stages
on {{ plain_name('customers.source_stage') }} = source_stages.source_stage
