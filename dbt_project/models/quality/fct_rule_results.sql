with

rule_results as (
    select * from {{ source('lake', 'rule_results') }}
),

with_ratios as (
    select
        cast(load_id as varchar) as load_id,
        cast(source_system as varchar) as source_system,
        cast(table_name as varchar) as table_name,
        cast(rule as varchar) as rule,
        cast(severity as varchar) as severity,
        cast(checked_count as bigint) as checked_count,
        cast(failed_count as bigint) as failed_count,
        cast(failed_count as double) / nullif(checked_count, 0) as failed_ratio,
        cast(status as varchar) as status
    from rule_results
)

select * from with_ratios
