{{ config(
    materialized='repaired',
    repair_key=['customer_key'],
    touched="
        {{ customers_of_changes(['int_stage_states', 'fct_survey_responses', 'int_ledger_days']) }}
        union all
        select customer_key from {{ ref('int_ledger_days') }}
        where
            {{ ripened(days_after('entered_on', parameter('value_trend_days'))) }}
            or {{ ripened(days_after('entered_on', '2 * ' ~ parameter('value_trend_days'))) }}
    ",
) }}

with

states as (
    select
        customer_key,
        stage_number,
        coalesce({{ days_after('exited_on', -1) }}, {{ as_of_date() }}) as last_on
    from {{ ref('int_stage_states') }}
    where {{ only_touched(['customer_key']) }}
),

answers as (
    select answers.* from {{ ref('fct_survey_responses') }} as answers
    where
        {{ is_of_nps('answers') }}
        and answers.score is not null
        and answers.responded_on is not null
),

days as (
    select * from {{ ref('int_ledger_days') }}
    where {{ only_touched(['customer_key']) }}
),

-- the last answer given by the end of the stay
attitudes as (
    select
        states.customer_key,
        states.stage_number,
        case
            when answers.score >= 9 then 'promoter'
            when answers.score >= 7 then 'passive'
            else 'detractor'
        end as attitude
    from states
    inner join answers
    on
        states.customer_key = answers.customer_key
        and states.last_on >= answers.responded_on
    qualify row_number() over (
        partition by states.customer_key, states.stage_number
        order by answers.responded_at desc, answers.survey_response_key asc
    ) = 1
),

-- what came in the days that end with the stay, and in as many before them
values_of_stays as (
    select
        states.customer_key,
        states.stage_number,
        cast(sum(
            case
                when
                    days.entered_on
                    > {{ days_after('states.last_on', '-' ~ parameter('value_trend_days')) }}
                    then days.net_amount
                else 0
            end
        ) as double) as recent_amount,
        cast(sum(days.net_amount) as double) as amount
    from states
    inner join days
    on
        states.customer_key = days.customer_key
        and states.last_on >= days.entered_on
        and {{ days_after('states.last_on', '-2 * ' ~ parameter('value_trend_days')) }}
        < days.entered_on
    group by states.customer_key, states.stage_number
),

changes_of_value as (
    select
        customer_key,
        stage_number,
        recent_amount - (amount - recent_amount) as change_amount,
        {{ parameter('value_trend_ratio') }} * abs(amount - recent_amount) as margin_amount
    from values_of_stays
)

select
    states.customer_key,
    states.stage_number,
    coalesce(attitudes.attitude, 'unknown') as attitude,
    case
        when changes_of_value.change_amount > changes_of_value.margin_amount then 'up'
        when changes_of_value.change_amount < -changes_of_value.margin_amount then 'down'
        else 'flat'
    end as value_trend
from states
left join attitudes
on
    states.customer_key = attitudes.customer_key
    and states.stage_number = attitudes.stage_number
left join changes_of_value
on
    states.customer_key = changes_of_value.customer_key
    and states.stage_number = changes_of_value.stage_number
