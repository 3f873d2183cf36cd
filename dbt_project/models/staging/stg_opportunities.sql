{{ config(
    materialized='repaired',
    repair_key=['source_system', 'opportunity_id'],
    touched="{{ touched_versions('opportunities', ['opportunity_id'], 'updated_at') }}",
) }}

with

versions as (
    {{ all_versions('opportunities', ['opportunity_id']) }}
),

current_versions as (
    {{ current_versions(['opportunity_id'], updated_at='updated_at') }}
)

select
    source_system,
    opportunity_id,
    lead_id,
    customer_id,
    owner_id,
    stage,
    amount,
    currency,
    created_at,
    quoted_at,
    contract_signed_at,
    contract_starts_at,
    contract_ends_at,
    expected_close_on,
    closed_at,
    is_won,
    {{ impersonal('lost_reason') }} as lost_reason,
    updated_at,
    deleted_at,
    {{ local_date('created_at') }} as created_on,
    {{ local_date('quoted_at') }} as quoted_on,
    {{ local_date('contract_signed_at') }} as contract_signed_on,
    {{ local_date('contract_starts_at') }} as contract_starts_on,
    {{ local_date('contract_ends_at') }} as contract_ends_on,
    {{ local_date('closed_at') }} as closed_on,
    {{ local_date('updated_at') }} as updated_on,
    {{ local_date('deleted_at') }} as deleted_on,
    load_id,
    known_at
from current_versions
