{{ config(
    materialized='repaired',
    repair_key=['source_system', 'customer_id'],
    touched="{{ touched_versions('customers', ['customer_id']) }}",
) }}

with

versions as (
    {{ all_versions('customers', ['customer_id']) }}
),

-- of rows written at one instant one holds; read again, it is known from its first load
instants as (
    select
        *,
        coalesce(updated_at, known_at) as valid_from
    from versions
    qualify
        row_number() over (
            partition by source_system, customer_id, coalesce(updated_at, known_at)
            order by
                case when updated_at is not null then content_hash end desc nulls last,
                load_id asc,
                row_number desc
        ) = 1
),

-- a row that only repeats what is known begins no version
changes as (
    select *
    from instants
    qualify
        content_hash is distinct from lag(content_hash) over (
            partition by source_system, customer_id order by valid_from asc
        )
),

spans as (
    select
        *,
        lead(valid_from) over (
            partition by source_system, customer_id order by valid_from asc
        ) as valid_to
    from changes
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
    known_at,
    valid_from,
    valid_to
from spans
