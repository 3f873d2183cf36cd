with

-- By whole horizons before the as-of date: what is 1 and more is known one horizon ago, the newest
-- of three days of observation, and what is 0 came after it; so on for two and three ago.
order_days as (
    select
        customer_key,
        ordered_on,
        cast(
            floor(
                {{ dbt.datediff('ordered_on', as_of_date(), 'day') }}
                / {{ parameter('risk_horizon_days') }}
            ) as integer
        ) as horizons_ago
    from {{ ref('int_order_days') }}
),

services as (
    select * from {{ ref('int_paid_services') }}
),

cut_offs as (
    select
        place,
        {{ days_after(as_of_date(), '-place * ' ~ parameter('risk_horizon_days')) }} as observed_on
    from (
        select 1 as place
        union all
        select 2 as place
        union all
        select 3 as place
    ) as places
),

histories as (
    select
        customer_key,
        min(ordered_on) as first_ordered_on,
        max(ordered_on) filter (where horizons_ago >= 1) as last_one_ago,
        max(ordered_on) filter (where horizons_ago >= 2) as last_two_ago,
        max(ordered_on) filter (where horizons_ago >= 3) as last_three_ago,
        count(*) filter (where horizons_ago = 0) as count_none_ago,
        count(*) filter (where horizons_ago = 1) as count_one_ago,
        count(*) filter (where horizons_ago = 2) as count_two_ago,
        count(*) filter (where horizons_ago = 3) as count_three_ago,
        count(*) filter (where horizons_ago > 3) as count_before
    from order_days
    group by customer_key
),

observed as (
    select
        histories.customer_key,
        histories.first_ordered_on,
        cut_offs.observed_on,
        case cut_offs.place
            when 1 then histories.last_one_ago
            when 2 then histories.last_two_ago
            else histories.last_three_ago
        end as last_ordered_on,
        case cut_offs.place
            when 1 then histories.count_one_ago
            when 2 then histories.count_two_ago
            else histories.count_three_ago
        end as recent_count,
        case cut_offs.place
            when 1 then histories.count_two_ago + histories.count_three_ago
            when 2 then histories.count_three_ago
            else 0
        end + histories.count_before as earlier_count,
        case cut_offs.place
            when 1 then histories.count_none_ago
            when 2 then histories.count_one_ago
            else histories.count_two_ago
        end > 0 as has_ordered
    from histories
    cross join cut_offs
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
        observed.*,
        under_contract.customer_key is null
        and observed.last_ordered_on
        > {{ days_after('observed.observed_on', '-' ~ parameter('lapse_days')) }} as is_at_risk
    from observed
    left join under_contract
    on
        observed.customer_key = under_contract.customer_key
        and observed.observed_on = under_contract.observed_on
    where observed.last_ordered_on is not null
),

-- Of who is not at risk nothing is foretold, so that the history alone makes the cell.
watched as (
    select
        observed_on,
        earlier_count + recent_count - 1 as frequency,
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
