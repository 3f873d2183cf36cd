{{ config(
    materialized='repaired',
    repair_key=['source_system', 'response_id'],
    day='sent_on',
    touched="{{ touched_events('stg_survey_responses', 'response_id', ['sent_on', 'responded_on']) }}",
) }}

with

survey_responses as (
    select * from {{ ref('stg_survey_responses') }}
    where
        coalesce({{ has_happened('least(sent_at, responded_at)') }}, true)
        and {{ only_touched(['source_system', 'response_id']) }}
),

identities as (
    select * from {{ ref('int_identities_resolved') }}
    where identity_type = 'customer'
),

resolved as (
    select
        {{ surrogate_key(['survey_responses.source_system', 'survey_responses.response_id']) }}
            as survey_response_key,
        identities.customer_key,
        survey_responses.source_system,
        survey_responses.response_id,
        survey_responses.survey_id,
        survey_responses.customer_id,
        survey_responses.order_id,
        survey_responses.ticket_id,
        survey_responses.owner_id,
        survey_responses.question_type,
        survey_responses.touchpoint,
        -- an answer without a date is an answer all the same
        {{ known_by_as_of(
            'survey_responses.score', 'coalesce(survey_responses.responded_on, ' ~ as_of_date() ~ ')'
        ) }} as score,
        survey_responses.scale_min,
        survey_responses.scale_max,
        {{ known_by_as_of('survey_responses.sent_on', 'survey_responses.sent_on') }} as sent_on,
        {{ known_by_as_of('survey_responses.responded_on', 'survey_responses.responded_on') }}
            as responded_on,
        {{ known_by_as_of('survey_responses.sent_at', 'survey_responses.sent_on') }} as sent_at,
        {{ known_by_as_of('survey_responses.responded_at', 'survey_responses.responded_on') }}
            as responded_at
    from survey_responses
    left join identities
    on
        survey_responses.source_system = identities.source_system
        and survey_responses.customer_id = identities.source_customer_id
)

select * from resolved
