with

freshness as (
    select * from {{ source('lake', 'freshness') }}
),

-- A table may rest while its source goes on, so a source is as fresh as its newest event.
by_source as (
    select
        source_system,
        table_name,
        complete_through,
        loaded_at,
        is_reachable,
        max(complete_through) over (partition by source_system) as source_complete_through
    from freshness
),

with_status as (
    select
        cast(source_system as string) as source_system,
        cast(table_name as string) as table_name,
        case
            when not is_reachable and loaded_at is null then 'unreachable'
            when not is_reachable then 'stale'
            when {{ local_date('source_complete_through') }} < {{ as_of_date() }} then 'stale'
            else 'fresh'
        end as status,
        cast(complete_through as timestamp) as complete_through,
        cast(loaded_at as timestamp) as loaded_at
    from by_source
)

select * from with_status
