with

versions as (
    select * from {{ source('feed', 'exchange_rates') }}
),

current_versions as (
    {{ current_versions(['rate_date', 'from_currency', 'to_currency']) }}
)

select
    source_system,
    rate_date,
    from_currency,
    to_currency,
    rate,
    load_id,
    known_at
from current_versions
