{{ config(
    materialized='repaired',
    repair_key=['source_system', 'opportunity_id'],
    touched="{{ touched_versions('opportunities', ['opportunity_id']) }}",
) }}

with

versions as (
    {{ all_versions('opportunities', ['opportunity_id']) }}
),

-- of rows written at one instant one holds; read again, it is known from its first load
instants as (
    select
        *,
        coalesce(updated_at, known_at) as valid_from
    from versions
    qualify
        row_number() over (
            partition by source_system, opportunity_id, coalesce(updated_at, known_at)
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
            partition by source_system, opportunity_id order by valid_from asc
        )
),

spans as (
    select
        *,
        lead(valid_from) over (
            partition by source_system, opportunity_id order by valid_from asc
        ) as valid_to
    from changes
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
    known_at,
    valid_from,
    valid_to
from spans
