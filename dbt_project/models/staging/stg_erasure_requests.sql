with

versions as (
    select * from {{ source('feed', 'erasure_requests') }}
),

current_versions as (
    select *
    from versions
    qualify {{ is_current_version(['request_id']) }}
)

select
    source_system,
    request_id,
    customer_id,
    email,
    requested_at,
    {{ local_date('requested_at') }} as requested_on,
    load_id,
    known_at
from current_versions
