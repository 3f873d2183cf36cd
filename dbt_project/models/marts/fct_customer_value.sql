with

expected as (
    select * from {{ ref('int_customer_expectations') }}
),

lines as (
    select
        max(value_amount) filter (where value_class = 'A') as a_amount,
        max(customer_key) filter (where value_class = 'A') as a_customer_key,
        max(value_amount) filter (where value_class = 'B') as b_amount,
        max(customer_key) filter (where value_class = 'B') as b_customer_key
    from {{ ref('int_value_class_lines') }}
),

classed as (
    select
        expected.*,
        case
            when expected.is_guest or expected.is_erased then null
            when
                expected.value_amount > lines.a_amount
                or (
                    expected.value_amount = lines.a_amount
                    and expected.customer_key <= lines.a_customer_key
                )
                then 'A'
            when
                expected.value_amount > lines.b_amount
                or (
                    expected.value_amount = lines.b_amount
                    and expected.customer_key <= lines.b_customer_key
                )
                then 'B'
            else 'C'
        end as value_class
    from expected
    cross join lines
),

channels_of_prospects as (
    select distinct acquisition_channel
    from {{ ref('int_customer_values') }}
    where order_count = 0
),

-- What becomes of a prospect is what became of the others of the channel. Reckoned apart, lest all
-- columns of all customers be kept in memory until it is known.
channels as (
    select
        others.acquisition_channel,
        sum(
            case
                when others.has_expectation then others.value_amount + others.expected_value_amount
            end
        ) as lifetime_amount,
        count(*) filter (where not others.is_deleted) as customer_count
    from {{ ref('int_customer_expectations') }} as others
    inner join channels_of_prospects
    on others.acquisition_channel = channels_of_prospects.acquisition_channel
    where not others.is_guest and not others.is_erased
    group by others.acquisition_channel
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
        {{ rounded_money(
            'least(expected_value_amount * low_ratio, expected_value_amount * high_ratio)'
        ) }} as expected_value_low_amount,
        {{ rounded_money(
            'greatest(expected_value_amount * low_ratio, expected_value_amount * high_ratio)'
        ) }} as expected_value_high_amount,
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
