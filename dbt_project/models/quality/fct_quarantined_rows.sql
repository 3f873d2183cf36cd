with

quarantine as (
    select * from {{ source('lake', 'quarantine') }}
),

loads as (
    select * from {{ source('lake', 'loads') }}
),

last_valid_rows as (
    select
        source_system,
        table_name,
        row_key,
        max(load_id) as last_load_id
    from {{ ref('stg_valid_rows') }}
    group by source_system, table_name, row_key
),

-- A row without any key cannot be recognised again, so nothing later can have mended it.
with_fates as (
    select
        cast(quarantine.load_id as varchar) as load_id,
        cast(quarantine.source_system as varchar) as source_system,
        cast(quarantine.table_name as varchar) as table_name,
        cast(quarantine.row_key as varchar) as row_key,
        cast(quarantine.failed_rules as varchar) as failed_rules,
        case
            when last_valid_rows.last_load_id > quarantine.load_id then 'fixed_at_source'
            when loads.is_released then 'released'
            when not loads.is_accepted and not loads.is_current_refusal then 'discarded'
            else 'open'
        end as fate,
        cast(quarantine.payload as varchar) as payload,
        cast(quarantine.row_number as bigint) as row_number,
        cast(quarantine.quarantined_at as timestamp) as quarantined_at
    from quarantine
    left join loads
        on
            quarantine.load_id = loads.load_id
            and quarantine.source_system = loads.source_system
            and quarantine.table_name = loads.table_name
    left join last_valid_rows
        on
            quarantine.source_system = last_valid_rows.source_system
            and quarantine.table_name = last_valid_rows.table_name
            and quarantine.row_key = last_valid_rows.row_key
            and replace(quarantine.row_key, '|', '') <> ''
)

select * from with_fates
