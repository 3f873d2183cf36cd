{{ config(
    materialized='repaired',
    repair_key=['source_system', 'identity_type', 'source_customer_id'],
    touched="{{ touched_ids() }}",
) }}

with

evidence as (
    {{ mentioned_ids() }}
),

-- what lies after the as-of date has not happened yet
ids as (
    select
        source_system,
        identity_type,
        source_customer_id,
        min(happened_on) filter (
            where is_activity and happened_on <= {{ as_of_date() }}
        ) as first_active_on,
        min(happened_on) filter (
            where happened_on <= {{ as_of_date() }}
        ) as first_mentioned_on,
        min(happened_on) is null or bool_or(is_undated_record) as is_undated,
        {{ local_date('min(known_at)') }} as first_loaded_on
    from evidence
    group by source_system, identity_type, source_customer_id
)

select * from ids
