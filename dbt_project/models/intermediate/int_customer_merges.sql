with recursive

stated_merges as (
    select
        source_system,
        customer_id,
        merged_into_id
    from {{ ref('stg_customers') }}
    where merged_into_id <> customer_id
),

-- a walk remembers where it was, so that one around a cycle comes to an end
walks as (
    select
        source_system,
        customer_id,
        merged_into_id as reached_id,
        chr(31) || merged_into_id || chr(31) as reached_ids
    from stated_merges
    union all
    select
        walks.source_system,
        walks.customer_id,
        stated_merges.merged_into_id as reached_id,
        walks.reached_ids || stated_merges.merged_into_id || chr(31) as reached_ids
    from walks
    inner join stated_merges
    on
        walks.source_system = stated_merges.source_system
        and walks.reached_id = stated_merges.customer_id
    where instr(walks.reached_ids, chr(31) || stated_merges.merged_into_id || chr(31)) = 0
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
