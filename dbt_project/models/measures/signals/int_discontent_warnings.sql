{{ config(
    materialized='repaired',
    repair_key=['customer_key'],
    touched="{{ customers_of_changes(['fct_tickets', 'fct_survey_responses']) }}",
) }}

with

complaints as (
    select
        *,
        {{ days_after('opened_on', parameter('signal_complaint_open_days')) }} as opens_on
    from {{ ref('fct_tickets') }}
    where
        is_complaint
        and customer_key is not null
        and {{ only_touched(['customer_key']) }}
),

-- A score is a share of its scale, so that answers to one kind of question compare.
responses as (
    select
        *,
        coalesce(scale_min, case question_type when 'nps' then 0 else 1 end) as lowest_score,
        coalesce(scale_max, case question_type when 'nps' then 10 when 'csat' then 5 else 7 end)
            as highest_score
    from {{ ref('fct_survey_responses') }}
    where
        question_type in ('nps', 'csat', 'ces')
        and score is not null
        and responded_on is not null
        and customer_key is not null
        and {{ only_touched(['customer_key']) }}
),

answers as (
    select
        responses.*,
        {{ is_discontent('responses') }} as is_discontent,
        cast(responses.score - responses.lowest_score as double)
        / nullif(responses.highest_score - responses.lowest_score, 0) as score_ratio
    from responses
),

with_former as (
    select
        *,
        lag(is_discontent) over (
            partition by customer_key, question_type
            order by responded_on, survey_response_key
        ) as was_discontent,
        avg(score_ratio) over (
            partition by customer_key, question_type
            order by responded_on, survey_response_key
            rows between unbounded preceding and 1 preceding
        ) as usual_score_ratio
    from answers
),

-- to fall is to become discontent, or to lose as much as any other figure would have to
judged as (
    select
        *,
        case
            when
                score_ratio < usual_score_ratio
                and (
                    (is_discontent and not was_discontent)
                    or {{ fallen_or_recovered('score_ratio', 'usual_score_ratio') }} = 1
                )
                then 1
            when not is_discontent
                then nullif({{ fallen_or_recovered('score_ratio', 'usual_score_ratio') }}, 1)
        end as verdict
    from with_former
),

with_recovery as (
    select
        *,
        min(case when verdict = 0 then responded_on end) over (
            partition by customer_key, question_type
            order by responded_on, survey_response_key
            rows between 1 following and unbounded following
        ) as recovered_on
    from judged
)

select
    customer_key,
    source_system,
    'open_complaint' as rule,
    case when reopened_count > 0 then 'high' else 'medium' end as severity,
    'ticket' as evidence_type,
    ticket_key as evidence_key,
    cast({{ parameter('signal_complaint_open_days') }} as double) as baseline_value,
    cast({{ parameter('signal_complaint_open_days') }} as double) as observed_value,
    opened_on as evidence_on,
    opens_on,
    resolved_on as closes_on
from complaints
where resolved_on is null or opens_on < resolved_on
union all
-- what somebody said once is not held against them for ever
select
    customer_key,
    source_system,
    'satisfaction_drop' as rule,
    case when is_discontent then 'high' else 'medium' end as severity,
    'survey_response' as evidence_type,
    survey_response_key as evidence_key,
    usual_score_ratio as baseline_value,
    score_ratio as observed_value,
    responded_on as evidence_on,
    responded_on as opens_on,
    least(
        coalesce(recovered_on, {{ days_after('responded_on', parameter('signal_outcome_days')) }}),
        {{ days_after('responded_on', parameter('signal_outcome_days')) }}
    ) as closes_on
from with_recovery
where verdict = 1
