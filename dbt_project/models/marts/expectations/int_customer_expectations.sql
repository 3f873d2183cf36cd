with

models as (
    select * from {{ source('value', 'models') }}
),

lookup as (
    select * from {{ source('value', 'lookup') }}
),

segments as (
    select * from {{ ref('int_value_segments') }}
),

-- The model of the own segment goes before that of all.
assigned as (
    select
        segments.acquisition_channel as channel,
        segments.acquisition_country as country,
        models.*
    from segments
    inner join models
    on
        models.segment_value = case models.segment_type
            when 'channel' then segments.acquisition_channel
            when 'country' then segments.acquisition_country
            else 'all'
        end
    qualify
        row_number() over (
            partition by segments.segment_number
            order by case when models.segment_type = 'all' then 1 else 0 end asc
        ) = 1
),

-- What of revenue is margin, by the customers of whom it is known.
margins as (
    select
        cast(sum(margin_amount) as double)
        / nullif(cast(sum(net_amount) as double), 0) as margin_ratio
    from {{ ref('int_customer_values') }}
    where value_basis = 'margin'
),

-- Read where it is used, not imported: who reads all of it twice keeps it in memory.
valued as (
    select
        *,
        case when value_basis = 'margin' then margin_amount else net_amount end as value_amount,
        {{ dbt.datediff('first_ordered_on', 'last_ordered_on', 'day') }}
            as recency_days,
        {{ dbt.datediff('first_ordered_on', as_of_date(), 'day') }}
            as age_days,
        {{ dbt.datediff('last_ordered_on', as_of_date(), 'day') }}
            as days_since_last_order,
        case when mean_repeat_value is null then 0 else frequency end as spend_count,
        case
            when order_count > 0 and not is_guest and not is_erased and not is_deleted
                then frequency
        end as scored_frequency
    from {{ ref('int_customer_values') }}
),

-- MBG/NBD and Gamma-Gamma in closed form; only orders over a horizon need a table.
foretold as (
    select
        valued.*,
        assigned.model_key,
        assigned.low_ratio,
        assigned.high_ratio,
        lookup.orders_if_alive,
        lookup.discounted_orders_if_alive,
        1e0 / (
            1e0 + exp(
                least(
                    ln(assigned.a) - ln(assigned.b + valued.frequency)
                    + (assigned.r + valued.frequency)
                    * (
                        ln(assigned.alpha + valued.age_days)
                        - ln(assigned.alpha + valued.recency_days)
                    ),
                    7e2
                )
            )
        ) as probability_alive,
        1e0 - exp(
            (assigned.r + valued.frequency)
            * (
                ln(assigned.alpha + valued.age_days)
                - ln(assigned.alpha + valued.age_days + {{ parameter('risk_horizon_days') }})
            )
        ) as order_probability_if_alive,
        assigned.p
        * (assigned.v + valued.spend_count * greatest(coalesce(valued.mean_repeat_value, 0), 0))
        / (assigned.p * valued.spend_count + assigned.q - 1)
        * case when valued.value_basis = 'margin' then margins.margin_ratio else 1 end
            as value_per_order
    from valued
    cross join margins
    left join assigned
    on
        valued.acquisition_channel = assigned.channel
        and valued.acquisition_country = assigned.country
    left join lookup
    on
        assigned.model_key = lookup.model_key
        and valued.scored_frequency = lookup.frequency
        and valued.age_days = lookup.age_days
)

select
    customer_key,
    model_key,
    acquisition_channel,
    value_basis,
    case
        when is_guest then 'guest'
        when is_erased then 'erased'
        when order_count = 0 then 'not_a_buyer'
        when orders_if_alive is not null then 'ok'
        else 'insufficient_history'
    end as status,
    order_count,
    frequency,
    recency_days,
    age_days,
    days_since_last_order,
    mean_repeat_value,
    revenue_amount,
    refund_amount,
    margin_amount,
    value_amount,
    low_ratio,
    high_ratio,
    orders_if_alive,
    probability_alive,
    order_probability_if_alive,
    {{ money('probability_alive * discounted_orders_if_alive * value_per_order') }}
        as expected_value_amount,
    orders_if_alive is not null as has_expectation,
    is_guest,
    is_erased,
    is_deleted,
    first_ordered_on,
    last_ordered_on
from foretold
