with

versions as (
    select * from {{ source('feed', 'campaigns') }}
),

current_versions as (
    {{ current_versions(['campaign_id']) }}
)

select
    source_system,
    campaign_id,
    name,
    channel,
    objective,
    started_at,
    ended_at,
    budget_amount,
    currency,
    {{ local_date('started_at') }} as started_on,
    {{ local_date('ended_at') }} as ended_on,
    load_id,
    known_at
from current_versions
