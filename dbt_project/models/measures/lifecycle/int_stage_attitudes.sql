{{ config(
    materialized='repaired',
    repair_key=['customer_key'],
    touched="{{ customers_of_changes(['int_stage_states', 'fct_survey_responses']) }}",
) }}

with

states as (
    select * from {{ ref('int_stage_states') }}
    where {{ only_touched(['customer_key']) }}
),

answers as (
    select * from {{ ref('fct_survey_responses') }}
    where question_type = 'nps' and score is not null and responded_on is not null
)

-- the last answer given by the end of the stay
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
    and answers.responded_on
    < coalesce(states.exited_on, {{ days_after(as_of_date(), 1) }})
qualify row_number() over (
    partition by states.customer_key, states.stage_number
    order by answers.responded_at desc, answers.survey_response_key asc
) = 1
