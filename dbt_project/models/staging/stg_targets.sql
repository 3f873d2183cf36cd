with

versions as (
    select * from {{ source('feed', 'targets') }}
),

current_versions as (
    {{ current_versions(['metric_name', 'period_month', 'segment']) }}
)

select
    source_system,
    metric_name,
    period_month,
    segment,
    target_value,
    load_id,
    known_at
from current_versions
