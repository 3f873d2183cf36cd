{{ config(
    materialized='repaired',
    repair_key=['customer_key'],
    touched="{{ customers_of_changes(['int_stage_states']) }}",
) }}

with

states as (
    select
        *,
        case
            when stage in ('new', 'developing', 'loyal', 'declining', 'reactivated') then 1 else 0
        end as loseable_count
    from {{ ref('int_stage_states') }}
    where {{ only_touched(['customer_key']) }}
),

-- each stay in another stage ends the spell before it
numbered as (
    select
        *,
        sum(1 - loseable_count) over (
            partition by customer_key
            order by stage_number
            rows between unbounded preceding and current row
        ) as spell_number
    from states
)

select
    customer_key,
    min(entered_on) as loseable_from,
    case when count(*) = count(exited_on) then max(exited_on) end as lost_on
from numbered
where loseable_count = 1
group by customer_key, spell_number
