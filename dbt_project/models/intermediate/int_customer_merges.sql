with recursive

stated_merges as (
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
    from stated_merges
    union
    select
        walks.source_system,
        walks.customer_id,
        stated_merges.merged_into_id as reached_id
    from walks
    inner join stated_merges
    on
        walks.source_system = stated_merges.source_system
        and walks.reached_id = stated_merges.customer_id
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
        stated_merges.source_system,
        stated_merges.customer_id,
        stated_merges.merged_into_id,
        cycles.customer_id is not null as is_refused
    from stated_merges
    left join cycles
    on
        stated_merges.source_system = cycles.source_system
        and stated_merges.customer_id = cycles.customer_id
)

select * from judged
