with

rule_results as (
    select * from {{ source('lake', 'rule_results') }}
),

with_ratios as (
    select
        cast(load_id as string) as load_id,
        cast(source_system as string) as source_system,
        cast(table_name as string) as table_name,
        cast(rule as string) as rule,
        cast(severity as string) as severity,
        cast(checked_count as bigint) as checked_count,
        cast(failed_count as bigint) as failed_count,
        cast(failed_count as double) / nullif(checked_count, 0) as failed_ratio,
        cast(status as string) as status
    from rule_results
)

select * from with_ratios
