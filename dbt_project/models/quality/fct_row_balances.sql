with

loads as (
    select * from {{ source('lake', 'loads') }}
),

balances as (
    select
        cast(load_id as string) as load_id,
        cast(source_system as string) as source_system,
        cast(table_name as string) as table_name,
        cast(outcome as string) as outcome,
        cast(reason as string) as reason,
        cast(rows_read as bigint) as rows_read,
        cast(rows_valid as bigint) as rows_valid,
        cast(rows_quarantined as bigint) as rows_quarantined,
        cast(rows_duplicate as bigint) as rows_duplicate,
        cast(loaded_at as timestamp) as loaded_at
    from loads
)

select * from balances
