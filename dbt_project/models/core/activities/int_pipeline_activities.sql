with

leads as (
    select * from {{ ref('fct_leads') }}
),

opportunities as (
    select * from {{ ref('fct_opportunities') }}
),

-- a status of contacted or beyond tells of a contact even when nobody noted its time
contacted_leads as (
    select
        *,
        case
            when first_contacted_at is not null then first_contacted_at
            when qualified_at is not null then qualified_at
            when converted_at is not null then converted_at
            when status in ('contacted', 'qualified', 'converted')
                then coalesce(updated_at, created_at)
        end as contacted_at,
        case
            when first_contacted_at is not null then first_contacted_on
            when qualified_at is not null then qualified_on
            when converted_at is not null then converted_on
            when status in ('contacted', 'qualified', 'converted')
                then coalesce(updated_on, created_on)
        end as contacted_on
    from leads
),

lead_activities as (
    select
        customer_key,
        'lead_created' as activity,
        lead_key as fact_key,
        source_system,
        lead_id as source_id,
        cast(null as decimal(28, 8)) as revenue_amount,
        created_on as occurred_on,
        created_at as occurred_at
    from leads
    union all
    select
        customer_key,
        'lead_contacted' as activity,
        lead_key as fact_key,
        source_system,
        lead_id as source_id,
        cast(null as decimal(28, 8)) as revenue_amount,
        contacted_on as occurred_on,
        contacted_at as occurred_at
    from contacted_leads
    where contacted_on is not null
    union all
    select
        customer_key,
        'lead_qualified' as activity,
        lead_key as fact_key,
        source_system,
        lead_id as source_id,
        cast(null as decimal(28, 8)) as revenue_amount,
        qualified_on as occurred_on,
        qualified_at as occurred_at
    from leads
    where qualified_on is not null
    union all
    select
        customer_key,
        'lead_converted' as activity,
        lead_key as fact_key,
        source_system,
        lead_id as source_id,
        cast(null as decimal(28, 8)) as revenue_amount,
        converted_on as occurred_on,
        converted_at as occurred_at
    from leads
    where converted_on is not null
),

opportunity_activities as (
    select
        customer_key,
        'opportunity_opened' as activity,
        opportunity_key as fact_key,
        source_system,
        opportunity_id as source_id,
        cast(null as decimal(28, 8)) as revenue_amount,
        created_on as occurred_on,
        created_at as occurred_at
    from opportunities
    union all
    select
        customer_key,
        'opportunity_quoted' as activity,
        opportunity_key as fact_key,
        source_system,
        opportunity_id as source_id,
        cast(null as decimal(28, 8)) as revenue_amount,
        quoted_on as occurred_on,
        quoted_at as occurred_at
    from opportunities
    where quoted_on is not null
    union all
    select
        customer_key,
        'contract_signed' as activity,
        opportunity_key as fact_key,
        source_system,
        opportunity_id as source_id,
        cast(null as decimal(28, 8)) as revenue_amount,
        contract_signed_on as occurred_on,
        contract_signed_at as occurred_at
    from opportunities
    where contract_signed_on is not null
    union all
    select
        customer_key,
        case when is_won then 'opportunity_won' else 'opportunity_lost' end as activity,
        opportunity_key as fact_key,
        source_system,
        opportunity_id as source_id,
        cast(null as decimal(28, 8)) as revenue_amount,
        closed_on as occurred_on,
        closed_at as occurred_at
    from opportunities
    where closed_on is not null
)

select * from lead_activities
union all
select * from opportunity_activities
