with

interactions as (
    select * from {{ ref('fct_interactions') }}
),

tickets as (
    select * from {{ ref('fct_tickets') }}
),

survey_responses as (
    select * from {{ ref('fct_survey_responses') }}
),

touches as (
    select * from {{ ref('fct_campaign_touches') }}
),

web_sessions as (
    select * from {{ ref('fct_web_sessions') }}
),

conversations as (
    select
        customer_key,
        case direction
            when 'inbound' then 'interaction_received'
            else 'interaction_made'
        end as activity,
        interaction_key as fact_key,
        source_system,
        interaction_id as source_id,
        cast(null as decimal(28, 8)) as revenue_amount,
        occurred_on,
        occurred_at
    from interactions
    union all
    select
        customer_key,
        'ticket_opened' as activity,
        ticket_key as fact_key,
        source_system,
        ticket_id as source_id,
        cast(null as decimal(28, 8)) as revenue_amount,
        opened_on as occurred_on,
        opened_at as occurred_at
    from tickets
    union all
    select
        customer_key,
        'survey_answered' as activity,
        survey_response_key as fact_key,
        source_system,
        response_id as source_id,
        cast(null as decimal(28, 8)) as revenue_amount,
        responded_on as occurred_on,
        responded_at as occurred_at
    from survey_responses
    where responded_on is not null and (score is not null or question_type = 'text')
),

visits as (
    select
        customer_key,
        'campaign_' || action as activity,
        campaign_touch_key as fact_key,
        source_system,
        touch_id as source_id,
        cast(null as decimal(28, 8)) as revenue_amount,
        touched_on as occurred_on,
        touched_at as occurred_at
    from touches
    where action in ('opened', 'clicked', 'converted', 'unsubscribed')
    union all
    select
        customer_key,
        'web_session' as activity,
        session_key as fact_key,
        source_system,
        session_id as source_id,
        cast(null as decimal(28, 8)) as revenue_amount,
        started_on as occurred_on,
        started_at as occurred_at
    from web_sessions
)

select * from conversations
union all
select * from visits
