{{ config(
    materialized='repaired',
    repair_key=['source_system', 'identity_type', 'source_customer_id'],
) }}

with recursive

ids as (
    select * from {{ ref('int_customer_ids') }}
),

leads as (
    select * from {{ ref('stg_leads') }}
),

accepted_merges as (
    select * from {{ ref('int_customer_merges') }}
    where not is_refused
),

walks as (
    select
        source_system,
        customer_id,
        merged_into_id as reached_id
    from accepted_merges
    union all
    select
        walks.source_system,
        walks.customer_id,
        accepted_merges.merged_into_id as reached_id
    from walks
    inner join accepted_merges
    on
        walks.source_system = accepted_merges.source_system
        and walks.reached_id = accepted_merges.customer_id
),

-- where the walk ends: at an id that is merged no further
survivors as (
    select
        walks.source_system,
        walks.customer_id,
        walks.reached_id as surviving_id
    from walks
    left join accepted_merges
    on
        walks.source_system = accepted_merges.source_system
        and walks.reached_id = accepted_merges.customer_id
    where accepted_merges.customer_id is null
),

-- a lead with a customer id stands for that customer, any other for a customer of its own
claims as (
    select
        ids.source_system,
        ids.identity_type,
        ids.source_customer_id,
        case
            when ids.identity_type = 'customer' then ids.source_customer_id else leads.customer_id
        end as claimed_id
    from ids
    left join leads
    on
        ids.source_system = leads.source_system
        and case when ids.identity_type = 'lead' then ids.source_customer_id end = leads.lead_id
),

resolved as (
    select
        claims.source_system,
        claims.identity_type,
        claims.source_customer_id,
        coalesce(survivors.surviving_id, claims.claimed_id) as surviving_id,
        case
            when survivors.surviving_id is not null then 'merged_in_source'
            when claims.identity_type = 'customer' then 'own_id'
            when claims.claimed_id is not null then 'customer_of_lead'
            else 'own_lead'
        end as match_rule
    from claims
    left join survivors
    on
        claims.source_system = survivors.source_system
        and claims.claimed_id = survivors.customer_id
),

keyed as (
    select
        source_system,
        identity_type,
        source_customer_id,
        surviving_id,
        case
            when surviving_id is not null
                then {{ surrogate_key(['source_system', 'surviving_id']) }}
            else {{ surrogate_key(['source_system', "'lead'", 'source_customer_id']) }}
        end as customer_key,
        match_rule
    from resolved
)

select * from keyed
