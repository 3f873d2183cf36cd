{{ config(
    materialized='repaired',
    repair_key=['customer_key'],
    touched="
        select customer_key from {{ changes('int_customers') }}
        union all
        select customer_key from {{ changes('int_customers_known') }}
        union all
        select customer_key from {{ ref('int_customers') }}
        where (first_source_system, customer_id) in (
            select source_system, customer_id from {{ changes('stg_customers_versions') }}
            union all
            select source_system, customer_id from {{ ref('stg_customers_versions') }}
            where {{ ripened_at('valid_from') }}
        )
    ",
) }}

with

customers as (
    select * from {{ ref('int_customers') }}
    where {{ only_touched(['customer_key']) }}
),

known as (
    select * from {{ ref('int_customers_known') }}
),

versions as (
    select
        *,
        {{ local_date('valid_from') }} as valid_from_on
    from {{ ref('stg_customers_versions') }}
),

-- what is written after the as-of date is not known yet, unless nothing else is; of several in one
-- day the last one holds
days as (
    select
        customers.customer_key,
        versions.*
    from customers
    inner join known on customers.customer_key = known.customer_key
    inner join versions
    on
        customers.first_source_system = versions.source_system
        and customers.customer_id = versions.customer_id
    qualify
        row_number() over (
            partition by customers.customer_key, versions.valid_from_on
            order by versions.valid_from desc
        ) = 1
        and (
            versions.valid_from_on <= {{ as_of_date() }}
            or row_number() over (
                partition by customers.customer_key
                order by versions.valid_from asc
            ) = 1
        )
),

spans as (
    select
        {{ surrogate_key(['customer_key', 'valid_from_on']) }} as customer_version_key,
        customer_key,
        source_system,
        customer_id,
        customer_type,
        country,
        region,
        city,
        gender,
        language,
        acquisition_channel,
        acquisition_campaign_id,
        owner_id,
        loyalty_tier,
        source_stage,
        valid_from_on as valid_from,
        lead(valid_from_on) over (
            partition by customer_key order by valid_from_on asc
        ) as valid_to
    from days
),

finished as (
    select
        *,
        valid_to is null as is_current
    from spans
)

select
    customer_version_key,
    customer_key,
    source_system,
    customer_id,
    customer_type,
    country,
    region,
    city,
    gender,
    language,
    acquisition_channel,
    acquisition_campaign_id,
    owner_id,
    loyalty_tier,
    source_stage,
    is_current,
    valid_from,
    valid_to
from finished
