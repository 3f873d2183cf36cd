with

customer_values as (
    select * from {{ ref('int_customer_values') }}
),

lookup as (
    select * from {{ source('value', 'lookup') }}
),

-- One row always; of nulls where there is no model.
model as (
    select
        max(model_key) as model_key,
        max(r) as r,
        max(alpha) as alpha,
        max(a) as a,
        max(b) as b,
        max(p) as p,
        max(q) as q,
        max(v) as v,
        max(low_ratio) as low_ratio,
        max(high_ratio) as high_ratio
    from {{ source('value', 'models') }}
),

-- What of revenue is margin, by the customers of whom it is known.
margins as (
    select
        cast(sum(margin_amount) as double)
        / nullif(cast(sum(net_amount) as double), 0) as margin_ratio
    from customer_values
    where value_basis = 'margin'
),

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
        case
            when order_count > 0 and not is_guest and not is_erased and not is_deleted
                then frequency
        end as scored_frequency
    from customer_values
),

-- MBG/NBD and Gamma-Gamma in closed form; only orders over a horizon need a table.
foretold as (
    select
        valued.*,
        model.model_key,
        model.low_ratio,
        model.high_ratio,
        lookup.orders_if_alive,
        lookup.discounted_orders_if_alive,
        1e0 / (
            1e0 + exp(
                least(
                    ln(model.a) - ln(model.b + valued.frequency)
                    + (model.r + valued.frequency)
                    * (
                        ln(model.alpha + valued.age_days)
                        - ln(model.alpha + valued.recency_days)
                    ),
                    7e2
                )
            )
        ) as probability_alive,
        1e0 - exp(
            (model.r + valued.frequency)
            * (
                ln(model.alpha + valued.age_days)
                - ln(model.alpha + valued.age_days + {{ parameter('risk_horizon_days') }})
            )
        ) as order_probability_if_alive,
        model.p * (model.v + valued.frequency * greatest(coalesce(valued.mean_repeat_value, 0), 0))
        / (model.p * valued.frequency + model.q - 1)
        * case when valued.value_basis = 'margin' then margins.margin_ratio else 1 end
            as value_per_order
    from valued
    cross join model
    cross join margins
    left join lookup
    on
        valued.scored_frequency = lookup.frequency
        and valued.age_days = lookup.age_days
),

expected as (
    select
        *,
        {{ money('probability_alive * discounted_orders_if_alive * value_per_order') }}
            as expected_value_amount,
        orders_if_alive is not null as has_expectation,
        case
            when is_guest then 'guest'
            when is_erased then 'erased'
            when order_count = 0 then 'not_a_buyer'
            when orders_if_alive is not null then 'ok'
            else 'insufficient_history'
        end as status
    from foretold
),

-- Who is worth nothing, or costs money, must not push others over a line.
ranked as (
    select
        customer_key,
        cast(
            sum(value_amount) over (
                order by value_amount desc nulls last, customer_key asc
                rows between unbounded preceding and current row
            ) - value_amount as double
        ) / cast(sum(value_amount) over () as double) as share_before
    from expected
    where
        value_amount > 0
        and not is_guest
        and not is_erased
),

classed as (
    select
        expected.*,
        case
            when expected.is_guest or expected.is_erased then null
            when ranked.share_before < {{ parameter('value_class_a_ratio') }} then 'A'
            when ranked.share_before < {{ parameter('value_class_b_ratio') }} then 'B'
            else 'C'
        end as value_class
    from expected
    left join ranked on expected.customer_key = ranked.customer_key
),

-- What becomes of a prospect is what became of the others of the channel.
channels as (
    select
        acquisition_channel,
        sum(
            case when has_expectation then value_amount + expected_value_amount end
        ) as lifetime_amount,
        count(*) filter (where not is_deleted) as customer_count
    from expected
    where not is_guest and not is_erased
    group by acquisition_channel
),

with_prospects as (
    select
        classed.*,
        case
            when classed.status = 'not_a_buyer' and not classed.is_deleted
                then
                    cast(channels.lifetime_amount as double)
                    / nullif(channels.customer_count, 0)
        end as prospective_value
    from classed
    left join channels on classed.acquisition_channel = channels.acquisition_channel
),

typed as (
    select
        cast(customer_key as string) as customer_key,
        cast(case when has_expectation then model_key end as string) as model_key,
        cast(value_basis as string) as value_basis,
        cast(value_class as string) as value_class,
        cast(status as string) as status,
        cast(order_count as bigint) as order_count,
        cast(frequency as bigint) as frequency,
        cast(recency_days as integer) as recency_days,
        cast(age_days as integer) as age_days,
        cast(days_since_last_order as integer) as days_since_last_order,
        {{ rounded_money('mean_repeat_value') }} as monetary_amount,
        {{ rounded_money('revenue_amount') }} as historical_revenue_amount,
        {{ rounded_money('refund_amount') }} as historical_refund_amount,
        {{ rounded_money('margin_amount') }} as historical_margin_amount,
        cast(case when has_expectation then probability_alive end as double) as probability_alive,
        cast(
            case when has_expectation then probability_alive * order_probability_if_alive end
            as double
        ) as order_probability,
        cast(probability_alive * orders_if_alive as double) as expected_orders,
        {{ rounded_money('expected_value_amount') }} as expected_value_amount,
        {{ rounded_money('expected_value_amount * least(low_ratio, high_ratio)') }}
            as expected_value_low_amount,
        {{ rounded_money('expected_value_amount * greatest(low_ratio, high_ratio)') }}
            as expected_value_high_amount,
        cast(
            case when has_expectation then {{ parameter('value_horizon_days') }} end as integer
        ) as horizon_days,
        {{ rounded_money('value_amount + expected_value_amount') }} as lifetime_value_amount,
        {{ rounded_money('prospective_value') }} as prospective_value_amount,
        cast(first_ordered_on as date) as first_ordered_on,
        cast(last_ordered_on as date) as last_ordered_on,
        {{ as_of_date() }} as as_of_date
    from with_prospects
)

select * from typed
