with

customer_values as (
    select * from {{ ref('fct_customer_value') }}
),

risks as (
    select * from {{ ref('fct_churn_risk') }}
),

models as (
    select * from {{ source('value', 'models') }}
),

days as (
    select * from {{ ref('int_ledger_days') }}
),

told_now as (
    select
        customer_values.customer_key,
        customer_values.model_key,
        'orders' as target,
        cast(null as {{ dbt.type_string() }}) as value_basis,
        customer_values.expected_orders as predicted_value,
        customer_values.expected_orders * models.low_order_ratio as low_value,
        customer_values.expected_orders * models.high_order_ratio as high_value,
        customer_values.horizon_days,
        customer_values.as_of_date
    from customer_values
    inner join models on customer_values.model_key = models.model_key
    where customer_values.status = 'ok'
    union all
    select
        customer_key,
        model_key,
        'value' as target,
        value_basis,
        cast(expected_value_amount as double) as predicted_value,
        cast(expected_value_low_amount as double) as low_value,
        cast(expected_value_high_amount as double) as high_value,
        horizon_days,
        as_of_date
    from customer_values
    where status = 'ok'
    union all
    select
        customer_key,
        model_key,
        'no_order' as target,
        null as value_basis,
        loss_probability as predicted_value,
        null as low_value,
        null as high_value,
        horizon_days,
        as_of_date
    from risks
    where loss_probability is not null and not is_under_contract
),

-- What was told of people who are customers still, but for what this build tells anew: a replay
-- knows nothing of later customers. Values that were kept without their basis take today's.
told_before as (
    select
        former.customer_key,
        former.model_key,
        former.target,
        case
            when former.target = 'value'
                then coalesce(former.value_basis, customer_values.value_basis)
        end as value_basis,
        former.predicted_value,
        former.low_value,
        former.high_value,
        former.horizon_days,
        former.as_of_date
    from {{ source('former', 'fct_predictions') }} as former
    left join customer_values on former.customer_key = customer_values.customer_key
    where
        (customer_values.customer_key is not null and former.as_of_date < {{ as_of_date() }})
        or former.as_of_date > {{ as_of_date() }}
),

told as (
    select * from told_before
    union all
    select * from told_now
),

-- Who runs daily is told of everybody daily: of days before the newest thirty-one the last of each
-- month stays.
told_on as (
    select
        as_of_date,
        row_number() over (order by as_of_date desc) as place,
        row_number() over (
            partition by {{ period_start("'month'", 'as_of_date') }}
            order by as_of_date desc
        ) as place_in_month
    from (select distinct as_of_date from told) as days_of_telling
),

kept as (
    select
        told.*,
        {{ days_after('told.as_of_date', 'told.horizon_days') }} as foretold_until
    from told
    inner join told_on on told.as_of_date = told_on.as_of_date
    where told_on.place <= 31 or told_on.place_in_month = 1
),

ended as (
    select distinct
        customer_key,
        as_of_date,
        foretold_until
    from kept
    where foretold_until <= {{ as_of_date() }}
),

-- A value comes in on its day, and is worth less by it.
days_ahead as (
    select
        ended.customer_key,
        ended.as_of_date,
        ended.foretold_until,
        days.purchase_count,
        days.net_amount,
        days.known_margin_amount,
        power(
            1e0 / (1 + {{ parameter('discount_rate_annual') }}),
            {{ dbt.datediff('ended.as_of_date', 'days.entered_on', 'day') }}
            / 365e0
        ) as worth_ratio
    from ended
    left join days
    on
        ended.customer_key = days.customer_key
        and ended.as_of_date < days.entered_on
        and ended.foretold_until >= days.entered_on
),

came as (
    select
        customer_key,
        as_of_date,
        foretold_until,
        count(*) filter (where purchase_count > 0) as order_count,
        coalesce(sum({{ money('net_amount * worth_ratio') }}), 0) as revenue_amount,
        coalesce(sum({{ money('known_margin_amount * worth_ratio') }}), 0) as margin_amount
    from days_ahead
    group by customer_key, as_of_date, foretold_until
)

select
    cast(kept.customer_key as string) as customer_key,
    cast(kept.model_key as string) as model_key,
    cast(kept.target as string) as target,
    cast(kept.value_basis as string) as value_basis,
    cast(kept.predicted_value as double) as predicted_value,
    cast(kept.low_value as double) as low_value,
    cast(kept.high_value as double) as high_value,
    cast(
        case
            when came.customer_key is null then null
            when kept.target = 'value' and kept.value_basis = 'margin'
                then cast(came.margin_amount as double)
            when kept.target = 'value' then cast(came.revenue_amount as double)
            when kept.target = 'no_order' then case when came.order_count = 0 then 1 else 0 end
            else came.order_count
        end as double
    ) as actual_value,
    cast(kept.horizon_days as integer) as horizon_days,
    came.customer_key is null as is_censored,
    cast(kept.as_of_date as date) as as_of_date
from kept
left join came
on
    kept.customer_key = came.customer_key
    and kept.as_of_date = came.as_of_date
    and kept.foretold_until = came.foretold_until
