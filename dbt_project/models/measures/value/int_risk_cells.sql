with

order_days as (
    select * from {{ ref('int_order_days') }}
),

services as (
    select * from {{ ref('int_paid_services') }}
),

places as (
    select 1 as place
    union all
    select 2 as place
    union all
    select 3 as place
),

-- The newest day whose outcome is known, and two before it to learn at and to try at.
cut_offs as (
    select
        {{ days_after(as_of_date(), '-place * ' ~ parameter('risk_horizon_days')) }} as observed_on,
        {{ days_after(as_of_date(), '-(place + 1) * ' ~ parameter('risk_horizon_days')) }}
            as recent_from,
        {{ days_after(as_of_date(), '-(place - 1) * ' ~ parameter('risk_horizon_days')) }}
            as foretold_until
    from places
),

histories as (
    select
        order_days.customer_key,
        cut_offs.observed_on,
        min(order_days.ordered_on) as first_ordered_on,
        max(case when order_days.ordered_on <= cut_offs.observed_on then order_days.ordered_on end)
            as last_ordered_on,
        count(case when order_days.ordered_on <= cut_offs.observed_on then 1 end) as day_count,
        count(
            case
                when
                    order_days.ordered_on > cut_offs.recent_from
                    and order_days.ordered_on <= cut_offs.observed_on
                    then 1
            end
        ) as recent_count,
        max(order_days.ordered_on) > cut_offs.observed_on as has_ordered
    from order_days
    inner join cut_offs on order_days.ordered_on <= cut_offs.foretold_until
    group by order_days.customer_key, cut_offs.observed_on
),

under_contract as (
    select distinct
        services.customer_key,
        cut_offs.observed_on
    from services
    inner join cut_offs
    on
        services.paid_from_on <= cut_offs.observed_on
        and services.service_until > cut_offs.observed_on
),

described as (
    select
        histories.*,
        under_contract.customer_key is null
        and histories.last_ordered_on
        > {{ days_after('histories.observed_on', '-' ~ parameter('lapse_days')) }} as is_at_risk
    from histories
    left join under_contract
    on
        histories.customer_key = under_contract.customer_key
        and histories.observed_on = under_contract.observed_on
    where histories.day_count > 0
),

-- Of who is not at risk nothing is foretold, so that the history alone makes the cell.
watched as (
    select
        observed_on,
        day_count - 1 as frequency,
        {{ dbt.datediff('first_ordered_on', 'last_ordered_on', 'day') }}
            as recency_days,
        {{ dbt.datediff('first_ordered_on', 'observed_on', 'day') }}
            as age_days,
        case when is_at_risk then recent_count else 0 end as recent_count,
        is_at_risk,
        is_at_risk and has_ordered as has_ordered
    from described
)

select
    observed_on,
    {{ parameter('risk_horizon_days') }} as horizon_days,
    frequency,
    recency_days,
    age_days,
    recent_count,
    is_at_risk,
    has_ordered,
    count(*) as customer_count
from watched
group by
    observed_on,
    frequency,
    recency_days,
    age_days,
    recent_count,
    is_at_risk,
    has_ordered
