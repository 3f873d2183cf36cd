{{ config(
    materialized='repaired',
    repair_key=['source_system', 'coalesce(source_id, customer_key)'],
    day='occurred_on',
    touched="{{ touched_activities() }}",
) }}

-- what was touched asks for refunds as well; depends_on: {{ ref('fct_refunds') }}
with

customers as (
    select * from {{ ref('dim_customers') }}
),

activities as (
    select * from {{ ref('int_purchase_activities') }}
    union all
    select * from {{ ref('int_pipeline_activities') }}
    union all
    select * from {{ ref('int_contact_activities') }}
)

-- guests are here for their money only
select
    {{ surrogate_key(['activities.activity', 'activities.fact_key']) }} as activity_key,
    activities.customer_key,
    activities.activity,
    activities.source_system,
    activities.source_id,
    {{ money('activities.revenue_amount') }} as revenue_amount,
    activities.occurred_on,
    activities.occurred_at
from activities
inner join customers
on activities.customer_key = customers.customer_key
where
    activities.occurred_on <= {{ as_of_date() }}
    and {{ only_touched([
        'activities.source_system', 'coalesce(activities.source_id, activities.customer_key)'
    ]) }}
    and not customers.is_test
    and (not customers.is_guest or activities.activity in ('order', 'refund'))
