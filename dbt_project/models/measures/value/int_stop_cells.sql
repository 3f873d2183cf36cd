with

services as (
    select * from {{ ref('int_paid_services') }}
),

followed as (
    select
        customer_key,
        paid_from_on as resumed_on,
        max(service_until) over (
            partition by customer_key
            order by paid_from_on, subscription_key
            rows between unbounded preceding and 1 preceding
        ) as stopped_on
    from services
),

last_services as (
    select
        customer_key,
        cast(null as date) as resumed_on,
        max(service_until) as stopped_on
    from services
    group by customer_key
),

stops as (
    select
        stopped_on,
        {{ dbt.datediff('stopped_on', 'resumed_on', 'day') }}
            as resumed_after_days
    from followed
    where resumed_on > stopped_on
    union all
    select
        stopped_on,
        cast(null as integer) as resumed_after_days
    from last_services
),

-- of those within their grace nobody knows yet
known as (
    select
        case
            when resumed_after_days <= {{ parameter('contract_grace_days') }}
                then resumed_after_days
        end as resumed_after_days
    from stops
    where {{ days_after('stopped_on', parameter('contract_grace_days')) }} <= {{ as_of_date() }}
)

select
    resumed_after_days,
    count(*) as stop_count
from known
group by resumed_after_days
