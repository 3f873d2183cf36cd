with

versions as (
    select * from {{ source('feed', 'targets') }}
),

current_versions as (
    select *
    from versions
    qualify {{ is_current_version(['metric_name', 'period_month', 'segment']) }}
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
