with

-- A row without any key cannot be recognised again, so nothing later can have mended it.
quarantine as (
    select
        *,
        case when replace(row_key, '|', '') <> '' then row_key end as recognisable_key,
        {{ place_of_reading() }} as place
    from {{ source('lake', 'quarantine') }}
),

loads as (
    select * from {{ source('lake', 'loads') }}
),

valid_rows as (
    select * from {{ ref('stg_valid_rows') }}
),

refused_keys as (
    select distinct
        source_system,
        table_name,
        recognisable_key
    from quarantine
),

last_valid_rows as (
    select
        refused_keys.source_system,
        refused_keys.table_name,
        refused_keys.recognisable_key,
        max({{ place_of_reading() }}) as last_place
    from refused_keys
    inner join valid_rows
    on
        refused_keys.source_system = valid_rows.source_system
        and refused_keys.table_name = valid_rows.table_name
        and refused_keys.recognisable_key = valid_rows.row_key
    group by
        refused_keys.source_system, refused_keys.table_name, refused_keys.recognisable_key
),

with_fates as (
    select
        cast(quarantine.load_id as string) as load_id,
        cast(quarantine.source_system as string) as source_system,
        cast(quarantine.table_name as string) as table_name,
        cast(quarantine.row_key as string) as row_key,
        cast(quarantine.failed_rules as string) as failed_rules,
        case
            when last_valid_rows.last_place > quarantine.place then 'fixed_at_source'
            when loads.is_released then 'released'
            when not loads.is_accepted and not loads.is_current_refusal then 'discarded'
            else 'open'
        end as fate,
        cast(quarantine.payload as string) as payload,
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
        and quarantine.recognisable_key = last_valid_rows.recognisable_key
)

select * from with_fates
