with

evidence as (
    select source_system, 'customer' as identity_type, customer_id as source_customer_id,
        created_on as happened_on, true as is_activity, known_at
    from {{ ref('stg_customers') }}
    union all
    select source_system, 'customer', customer_id, null, false, known_at
    from {{ ref('stg_customers_versions') }}
    union all
    select source_system, 'customer', merged_into_id, null, false, known_at
    from {{ ref('stg_customers') }}
    union all
    select source_system, 'customer', customer_id, created_on, true, known_at
    from {{ ref('stg_leads') }}
    union all
    select source_system, 'lead', lead_id, created_on, true, known_at
    from {{ ref('stg_leads') }}
    union all
    select source_system, 'customer', customer_id, created_on, true, known_at
    from {{ ref('stg_opportunities') }}
    union all
    select source_system, 'customer', customer_id, ordered_on, true, known_at
    from {{ ref('stg_orders') }}
    union all
    select source_system, 'customer', customer_id, refunded_on, true, known_at
    from {{ ref('stg_refunds') }}
    union all
    select source_system, 'customer', customer_id, started_on, true, known_at
    from {{ ref('stg_subscriptions') }}
    union all
    select source_system, 'customer', customer_id, updated_on, false, known_at
    from {{ ref('stg_subscriptions') }}
    union all
    select source_system, 'customer', customer_id, occurred_on, true, known_at
    from {{ ref('stg_web_events') }}
    union all
    select source_system, 'customer', customer_id, occurred_on, true, known_at
    from {{ ref('stg_interactions') }}
    union all
    select source_system, 'customer', customer_id, opened_on, true, known_at
    from {{ ref('stg_tickets') }}
    union all
    select source_system, 'customer', customer_id, responded_on, true, known_at
    from {{ ref('stg_survey_responses') }}
    union all
    select source_system, 'customer', customer_id, sent_on, false, known_at
    from {{ ref('stg_survey_responses') }}
    union all
    select source_system, 'customer', customer_id, touched_on, action in ('clicked', 'converted'),
        known_at
    from {{ ref('stg_campaign_touches') }}
    union all
    select source_system, 'customer', customer_id, occurred_on, true, known_at
    from {{ ref('stg_loyalty_movements') }}
    union all
    select source_system, 'customer', customer_id, recorded_on, true, known_at
    from {{ ref('stg_consents') }}
    union all
    select source_system, 'customer', customer_id, requested_on, false, known_at
    from {{ ref('stg_erasure_requests') }}
),

-- what lies after the as-of date has not happened yet
ids as (
    select
        source_system,
        identity_type,
        source_customer_id,
        min(happened_on) filter (
            where is_activity and happened_on <= {{ as_of_date() }}
        ) as first_active_on,
        min(happened_on) filter (
            where happened_on <= {{ as_of_date() }}
        ) as first_mentioned_on,
        min(happened_on) is null as is_undated,
        {{ local_date('min(known_at)') }} as first_loaded_on
    from evidence
    where source_customer_id is not null
    group by source_system, identity_type, source_customer_id
)

select * from ids
