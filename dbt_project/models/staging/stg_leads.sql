{{ config(
    materialized='repaired',
    repair_key=['source_system', 'lead_id'],
    touched="{{ touched_versions('leads', ['lead_id'], 'updated_at') }}",
) }}

with

versions as (
    {{ all_versions('leads', ['lead_id']) }}
),

current_versions as (
    {{ current_versions(['lead_id'], updated_at='updated_at') }}
)

select
    source_system,
    lead_id,
    customer_id,
    email,
    phone,
    full_name,
    company_name,
    channel,
    campaign_id,
    owner_id,
    status,
    score,
    created_at,
    first_contacted_at,
    qualified_at,
    converted_at,
    {{ impersonal('lost_reason') }} as lost_reason,
    updated_at,
    {{ local_date('created_at') }} as created_on,
    {{ local_date('first_contacted_at') }} as first_contacted_on,
    {{ local_date('qualified_at') }} as qualified_on,
    {{ local_date('converted_at') }} as converted_on,
    {{ local_date('updated_at') }} as updated_on,
    load_id,
    known_at
from current_versions
