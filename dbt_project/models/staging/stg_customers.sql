{{ config(
    materialized='repaired',
    repair_key=['source_system', 'customer_id'],
    touched="{{ touched_versions('customers', ['customer_id'], 'updated_at') }}",
) }}

with

all_versions as (
    {{ all_versions('customers', ['customer_id']) }}
),

-- what is not dated is known since it came first, however often it is delivered
versions as (
    select
        *,
        min(known_at) over (partition by source_system, customer_id) as first_known_at
    from all_versions
),

current_versions as (
    {{ current_versions(['customer_id'], updated_at='updated_at') }}
)

select
    source_system,
    customer_id,
    email,
    phone,
    full_name,
    customer_type,
    company_name,
    country,
    region,
    city,
    postal_code,
    address,
    gender,
    birth_date,
    language,
    acquisition_channel,
    acquisition_campaign_id,
    owner_id,
    loyalty_tier,
    source_stage,
    marketing_consent,
    consent_updated_at,
    is_test,
    merged_into_id,
    referred_by_customer_id,
    company_customer_id,
    terminated_at,
    {{ impersonal('termination_reason') }} as termination_reason,
    created_at,
    updated_at,
    deleted_at,
    {{ local_date('consent_updated_at') }} as consent_updated_on,
    {{ local_date('terminated_at') }} as terminated_on,
    {{ local_date('created_at') }} as created_on,
    {{ local_date('updated_at') }} as updated_on,
    {{ local_date('deleted_at') }} as deleted_on,
    load_id,
    first_known_at as known_at
from current_versions
