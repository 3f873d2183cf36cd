{{ config(
    materialized='repaired',
    repair_key=['source_system', 'response_id'],
    touched="{{ touched_versions('survey_responses', ['response_id']) }}",
) }}

with

all_versions as (
    {{ all_versions('survey_responses', ['response_id']) }}
),

-- what is not dated is known since it came first, however often it is delivered
versions as (
    select
        *,
        min(known_at) over (partition by source_system, response_id) as first_known_at
    from all_versions
),

current_versions as (
    {{ current_versions(['response_id']) }}
)

select
    source_system,
    response_id,
    survey_id,
    question_type,
    customer_id,
    sent_at,
    responded_at,
    score,
    scale_min,
    scale_max,
    touchpoint,
    order_id,
    ticket_id,
    owner_id,
    comment,
    {{ local_date('sent_at') }} as sent_on,
    {{ local_date('responded_at') }} as responded_on,
    load_id,
    first_known_at as known_at
from current_versions
