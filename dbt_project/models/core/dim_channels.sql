with

-- every customer, campaign, lead, order or amount of spend has one of these
channels as (
    select acquisition_channel as channel from {{ ref('dim_customers') }}
    union distinct
    select channel from {{ ref('dim_campaigns') }}
    union distinct
    select channel from {{ ref('fct_leads') }}
    union distinct
    select channel from {{ ref('fct_orders') }}
    union distinct
    select channel from {{ ref('fct_marketing_spend') }}
    union distinct
    select channel from {{ ref('fct_campaign_touches') }}
    union distinct
    select 'unknown' as channel
    union distinct
    select 'no_lead' as channel
),

keyed as (
    select
        {{ surrogate_key(['channel']) }} as channel_key,
        channel
    from channels
    where channel is not null
)

select * from keyed
