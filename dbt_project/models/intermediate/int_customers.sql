{{ config(
    materialized='repaired',
    repair_key=['customer_key'],
) }}

with

identities as (
    select * from {{ ref('int_identities_resolved') }}
),

customers as (
    select * from {{ ref('stg_customers') }}
),

leads as (
    select * from {{ ref('stg_leads') }}
),

known as (
    select * from {{ ref('int_customers_known') }}
),

-- guests and erased persons are one member each, so that sums of money add up
keys as (
    select
        customer_key,
        min(source_system) as first_source_system
    from identities
    group by customer_key
    union all
    select
        '-1' as customer_key,
        cast(null as {{ dbt.type_string() }}) as first_source_system
    union all
    select
        '-2' as customer_key,
        cast(null as {{ dbt.type_string() }}) as first_source_system
),

-- of a merge the survivor's record speaks, or another's where the survivor has none
records as (
    select
        identities.customer_key,
        customers.*
    from identities
    inner join customers
    on
        identities.source_system = customers.source_system
        and identities.source_customer_id = customers.customer_id
    where identities.identity_type = 'customer'
    qualify
        row_number() over (
            partition by identities.customer_key
            order by
                case when identities.surviving_id = customers.customer_id then 0 else 1 end asc,
                customers.customer_id asc
        ) = 1
),

own_leads as (
    select
        identities.customer_key,
        leads.*
    from identities
    inner join leads
    on
        identities.source_system = leads.source_system
        and identities.source_customer_id = leads.lead_id
    where identities.match_rule = 'own_lead'
),

-- whom a record names: not before somebody has heard of that customer
named as (
    select
        identities.source_system,
        identities.source_customer_id,
        identities.customer_key
    from identities
    inner join known on identities.customer_key = known.customer_key
    where identities.identity_type = 'customer'
),

described as (
    select
        keys.customer_key,
        companies.customer_key as company_customer_key,
        referrers.customer_key as referred_by_customer_key,
        keys.first_source_system,
        records.customer_id,
        records.customer_type,
        records.country,
        records.region,
        records.city,
        records.gender,
        records.language,
        coalesce(records.acquisition_channel, own_leads.channel) as acquisition_channel,
        coalesce(records.acquisition_campaign_id, own_leads.campaign_id) as acquisition_campaign_id,
        coalesce(records.owner_id, own_leads.owner_id) as owner_id,
        records.loyalty_tier,
        records.source_stage,
        records.termination_reason,
        records.birth_date,
        coalesce(records.marketing_consent, false) as has_marketing_flag,
        coalesce(records.is_test, false) as is_test,
        keys.customer_key = '-1' as is_guest,
        keys.customer_key = '-2' as is_erased,
        records.terminated_on,
        records.deleted_on,
        coalesce(records.created_at, own_leads.created_at) as created_at
    from keys
    left join records on keys.customer_key = records.customer_key
    left join own_leads on keys.customer_key = own_leads.customer_key
    left join named as companies
    on
        records.source_system = companies.source_system
        and records.company_customer_id = companies.source_customer_id
    left join named as referrers
    on
        records.source_system = referrers.source_system
        and records.referred_by_customer_id = referrers.source_customer_id
)

select * from described
