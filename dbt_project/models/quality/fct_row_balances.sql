with

loads as (
    select * from {{ source('lake', 'loads') }}
),

balances as (
    select
        cast(load_id as varchar) as load_id,
        cast(source_system as varchar) as source_system,
        cast(table_name as varchar) as table_name,
        cast(outcome as varchar) as outcome,
        cast(reason as varchar) as reason,
        cast(rows_read as bigint) as rows_read,
        cast(rows_valid as bigint) as rows_valid,
        cast(rows_quarantined as bigint) as rows_quarantined,
        cast(rows_duplicate as bigint) as rows_duplicate,
        cast(loaded_at as timestamp) as loaded_at
    from loads
)

select * from balances
