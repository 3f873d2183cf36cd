with recursive

merges as (
    select
        source_system,
        customer_id,
        merged_into_id
    from {{ ref('stg_customers') }}
    where merged_into_id <> customer_id
),

-- union, not union all: a walk around a cycle finds nothing new and so comes to an end
walks as (
    select
        source_system,
        customer_id,
        merged_into_id as reached_id
    from merges
    union
    select
        walks.source_system,
        walks.customer_id,
        merges.merged_into_id as reached_id
    from walks
    inner join merges
    on
        walks.source_system = merges.source_system
        and walks.reached_id = merges.customer_id
),

cycles as (
    select
        source_system,
        customer_id
    from walks
    where reached_id = customer_id
),

judged as (
    select
        merges.source_system,
        merges.customer_id,
        merges.merged_into_id,
        cycles.customer_id is not null as is_refused
    from merges
    left join cycles
    on
        merges.source_system = cycles.source_system
        and merges.customer_id = cycles.customer_id
)

select * from judged
