with

responses as (
    select answers.* from {{ ref('fct_survey_responses') }} as answers
    where {{ is_of_nps('answers') }}
),

customers as (
    select * from {{ ref('dim_customers') }}
),

stage_states as (
    select
        customer_key,
        stage,
        entered_on,
        coalesce(exited_on, {{ days_after(as_of_date(), 1) }}) as exited_on
    from {{ ref('int_stage_states') }}
),

-- An erased person's answer stays and is as anonymous as any.
with_respondents as (
    select
        responses.survey_response_key,
        responses.survey_id,
        responses.sent_on,
        customers.acquisition_channel,
        customers.acquisition_country,
        coalesce(responses.touchpoint, 'unknown') as touchpoint,
        coalesce(customers.customer_key, responses.survey_response_key) as respondent_key,
        case
            when responses.responded_on > {{ as_of_date() }} then null
            when responses.score >= 9 then 'promoter'
            when responses.score >= 7 then 'passive'
            when responses.score is not null then 'detractor'
        end as category,
        responses.responded_on,
        responses.responded_at,
        customers.customer_key
    from responses
    left join customers
    on
        responses.customer_key = customers.customer_key
        and not customers.is_guest
        and not customers.is_erased
    where not coalesce(customers.is_test, false)
),

with_stages as (
    select
        with_respondents.*,
        invited_stages.stage as stage_when_sent,
        answered_stages.stage as stage_when_answered
    from with_respondents
    left join stage_states as invited_stages
    on
        with_respondents.customer_key = invited_stages.customer_key
        and with_respondents.sent_on >= invited_stages.entered_on
        and with_respondents.sent_on < invited_stages.exited_on
    left join stage_states as answered_stages
    on
        with_respondents.customer_key = answered_stages.customer_key
        and with_respondents.responded_on >= answered_stages.entered_on
        and with_respondents.responded_on < answered_stages.exited_on
)

select * from with_stages
