with

evidence as (
    {{ mention(ref('stg_customers'), 'created_on', is_undated_record='created_on is null') }}
    union all
    {{ mention(ref('stg_customers_versions'), 'cast(null as date)', is_activity='false') }}
    union all
    {{ mention(
        ref('stg_customers'), 'cast(null as date)', is_activity='false', id='merged_into_id'
    ) }}
    union all
    {{ mention(ref('stg_leads'), 'created_on') }}
    union all
    {{ mention(ref('stg_leads'), 'created_on', identity_type='lead', id='lead_id') }}
    union all
    {{ mention(ref('stg_opportunities'), 'created_on') }}
    union all
    {{ mention(ref('stg_opportunities'), 'created_on', identity_type='lead', id='lead_id') }}
    union all
    {{ mention(ref('stg_orders'), 'ordered_on') }}
    union all
    {{ mention(ref('stg_refunds'), 'refunded_on') }}
    union all
    {{ mention(ref('stg_subscriptions'), 'started_on') }}
    union all
    {{ mention(ref('stg_subscriptions'), 'updated_on', is_activity='false') }}
    union all
    {{ mention(ref('stg_web_events'), 'occurred_on') }}
    union all
    {{ mention(ref('stg_interactions'), 'occurred_on') }}
    union all
    {{ mention(ref('stg_interactions'), 'occurred_on', identity_type='lead', id='lead_id') }}
    union all
    {{ mention(ref('stg_tickets'), 'opened_on') }}
    union all
    {{ mention(ref('stg_survey_responses'), 'responded_on') }}
    union all
    {{ mention(ref('stg_survey_responses'), 'sent_on', is_activity='false') }}
    union all
    {{ mention(
        ref('stg_campaign_touches'), 'touched_on',
        is_activity="action in ('clicked', 'converted')"
    ) }}
    union all
    {{ mention(ref('stg_loyalty_movements'), 'occurred_on') }}
    union all
    {{ mention(ref('stg_consents'), 'recorded_on') }}
    union all
    {{ mention(ref('stg_erasure_requests'), 'requested_on', is_activity='false') }}
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
        min(happened_on) is null or bool_or(is_undated_record) as is_undated,
        {{ local_date('min(known_at)') }} as first_loaded_on
    from evidence
    group by source_system, identity_type, source_customer_id
)

select * from ids
