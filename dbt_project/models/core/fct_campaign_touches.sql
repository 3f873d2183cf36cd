{{ config(
    materialized='repaired',
    repair_key=['source_system', 'touch_id'],
    day='touched_on',
    touched="{{ touched_events('stg_campaign_touches', 'touch_id', ['touched_on']) }}",
) }}

with

campaign_touches as (
    select * from {{ ref('stg_campaign_touches') }}
    where {{ has_happened('touched_at') }} and {{ only_touched(['source_system', 'touch_id']) }}
),

identities as (
    select * from {{ ref('int_identities_resolved') }}
    where identity_type = 'customer'
),

resolved as (
    select
        {{ surrogate_key(['campaign_touches.source_system', 'campaign_touches.touch_id']) }}
            as campaign_touch_key,
        identities.customer_key,
        {{ surrogate_key(['campaign_touches.source_system', 'campaign_touches.campaign_id']) }}
            as campaign_key,
        campaign_touches.source_system,
        campaign_touches.touch_id,
        campaign_touches.campaign_id,
        campaign_touches.customer_id,
        campaign_touches.action,
        campaign_touches.channel,
        campaign_touches.touched_on,
        campaign_touches.touched_at
    from campaign_touches
    left join identities
    on
        campaign_touches.source_system = identities.source_system
        and campaign_touches.customer_id = identities.source_customer_id
)

select * from resolved
