select
    currency,
    rate_on,
    exchange_rate
from {{ ref('int_exchange_rates') }}
