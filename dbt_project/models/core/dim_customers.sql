{{ config(
    materialized='repaired',
    repair_key=['customer_key'],
    touched="
        select customer_key from {{ changes('int_customers') }}
        union all
        select customer_key from {{ changes('int_customers_known') }}
        union all
        select customer_key from {{ changes('int_customer_consents') }}
        union all
        select customer_key from {{ changes('dim_customer_versions') }}
        union all
        select customer_key from {{ changes('fct_orders') }}
        union all
        select customer_key from {{ changes('fct_order_lines') }}
        union all
        select customer_key from {{ changes('fct_subscriptions') }}
        union all
        select customer_key from {{ ref('int_customers') }}
        where {{ ripened('terminated_on') }} or {{ ripened('deleted_on') }}
        union all
        select customer_key from {{ ref('fct_subscriptions') }}
        where {{ ripened('paid_from_on') }}
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

consents as (
    select * from {{ ref('int_customer_consents') }}
    where purpose = 'marketing'
),

customer_versions as (
    select * from {{ ref('dim_customer_versions') }}
    where {{ only_touched(['customer_key']) }}
),

orders as (
    select * from {{ ref('fct_orders') }}
    where is_acquisition and {{ only_touched(['customer_key']) }}
),

order_lines as (
    select * from {{ ref('fct_order_lines') }}
    where {{ only_touched(['customer_key']) }}
),

subscriptions as (
    select * from {{ ref('fct_subscriptions') }}
    where paid_from_on <= {{ as_of_date() }}
),

first_paid_days as (
    select
        customer_key,
        min(paid_from_on) as paid_from_on
    from subscriptions
    group by customer_key
),

category_amounts as (
    select
        orders.customer_key,
        order_lines.category,
        sum(order_lines.net_amount_original) as net_amount
    from orders
    inner join order_lines on orders.order_key = order_lines.order_key
    where order_lines.category is not null
    group by orders.customer_key, order_lines.category
),

first_categories as (
    select *
    from category_amounts
    qualify
        row_number() over (
            partition by customer_key
            order by net_amount desc nulls last, category asc
        ) = 1
),

-- the first order, else the first paid day of a contract
acquisition_days as (
    select
        customers.customer_key,
        coalesce(orders.ordered_on, first_paid_days.paid_from_on) as acquired_on
    from customers
    left join orders on customers.customer_key = orders.customer_key
    left join first_paid_days on customers.customer_key = first_paid_days.customer_key
),

-- as the customer was known on the day of the acquisition, else as first known after it
at_acquisition as (
    select
        acquisition_days.customer_key,
        customer_versions.acquisition_channel,
        customer_versions.country
    from acquisition_days
    inner join customer_versions
    on acquisition_days.customer_key = customer_versions.customer_key
    where acquisition_days.acquired_on is not null
    qualify
        row_number() over (
            partition by acquisition_days.customer_key
            order by
                case
                    when customer_versions.valid_from <= acquisition_days.acquired_on then 0 else 1
                end asc,
                case
                    when customer_versions.valid_from <= acquisition_days.acquired_on
                        then customer_versions.valid_from
                end desc nulls last,
                customer_versions.valid_from asc
        ) = 1
),

persons as (
    select
        customers.customer_key,
        customers.company_customer_key,
        customers.referred_by_customer_key,
        orders.order_key as acquisition_order_key,
        customers.first_source_system,
        customers.customer_id as source_customer_id,
        customers.customer_type,
        customers.country,
        customers.region,
        customers.city,
        customers.gender,
        customers.language,
        coalesce(
            case
                when at_acquisition.customer_key is not null then at_acquisition.acquisition_channel
                else customers.acquisition_channel
            end,
            orders.channel,
            'unknown'
        ) as acquisition_channel,
        coalesce(
            case
                when at_acquisition.customer_key is not null then at_acquisition.country
                else customers.country
            end,
            'unknown'
        ) as acquisition_country,
        coalesce(first_categories.category, 'unknown') as first_category,
        customers.acquisition_campaign_id,
        customers.owner_id,
        customers.loyalty_tier,
        customers.source_stage,
        {{ known_by_as_of('customers.termination_reason', 'customers.terminated_on') }}
            as termination_reason,
        cast(extract(year from customers.birth_date) as integer) as birth_year,
        customers.is_test,
        customers.is_guest,
        customers.is_erased,
        coalesce(customers.deleted_on <= {{ as_of_date() }}, false) as is_deleted,
        coalesce(consents.is_granted, customers.has_marketing_flag) as is_marketing_consented,
        known.known_on,
        orders.ordered_on as acquired_on,
        first_paid_days.paid_from_on as contract_acquired_on,
        {{ known_by_as_of('customers.terminated_on', 'customers.terminated_on') }} as terminated_on,
        {{ known_by_as_of('customers.deleted_on', 'customers.deleted_on') }} as deleted_on,
        customers.created_at
    from customers
    left join known on customers.customer_key = known.customer_key
    left join consents on customers.customer_key = consents.customer_key
    left join orders on customers.customer_key = orders.customer_key
    left join first_paid_days on customers.customer_key = first_paid_days.customer_key
    left join first_categories on customers.customer_key = first_categories.customer_key
    left join at_acquisition on customers.customer_key = at_acquisition.customer_key
    where known.customer_key is not null or customers.is_guest or customers.is_erased
)

select * from persons
