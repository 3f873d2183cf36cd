with

versions as (
    select * from {{ source('feed', 'marketing_spend') }}
),

current_versions as (
    {{ current_versions(['spend_date', 'channel', 'campaign_id', 'cost_type', 'currency']) }}
)

select
    source_system,
    spend_date,
    channel,
    campaign_id,
    cost_type,
    currency,
    amount,
    impressions,
    clicks,
    load_id,
    known_at
from current_versions
