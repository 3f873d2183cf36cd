with

states as (
    select * from {{ ref('int_stage_states') }}
),

loseable_spells as (
    select * from {{ ref('int_loseable_spells') }}
),

-- what came of later days is not known yet
stays as (
    select
        states.stage,
        states.entered_on,
        least(
            coalesce(states.exited_on, {{ days_after(as_of_date(), 1) }}),
            {{ days_after(as_of_date(), '1 - ' ~ parameter('signal_outcome_days')) }}
        ) as watched_until,
        greatest(
            states.entered_on,
            {{ days_after('loseable_spells.lost_on', '-' ~ parameter('signal_outcome_days')) }}
        ) as foretellable_from,
        loseable_spells.lost_on is not null as is_lost
    from states
    inner join loseable_spells
    on
        states.customer_key = loseable_spells.customer_key
        and states.entered_on >= loseable_spells.loseable_from
        and states.entered_on
        < coalesce(loseable_spells.lost_on, {{ days_after(as_of_date(), 1) }})
),

counted as (
    select
        stage,
        {{ dbt.datediff('entered_on', 'watched_until', 'day') }}
            as day_count,
        case
            when is_lost and foretellable_from < watched_until
                then
                    {{ dbt.datediff('foretellable_from', 'watched_until', 'day') }}
            else 0
        end as foretelling_day_count
    from stays
    where entered_on < watched_until
)

select
    stage,
    cast(sum(day_count) as bigint) as day_count,
    cast(sum(foretelling_day_count) as bigint) as foretelling_day_count,
    sum(foretelling_day_count) / nullif(cast(sum(day_count) as double), 0) as loss_ratio
from counted
group by stage
