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
        customer_values.expected_orders as predicted_value,
        customer_values.expected_orders * models.low_ratio as low_value,
        customer_values.expected_orders * models.high_ratio as high_value,
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
        loss_probability as predicted_value,
        null as low_value,
        null as high_value,
        horizon_days,
        as_of_date
    from risks
    where loss_probability is not null and not is_under_contract
),

-- What was told of people who are customers still, but for what this build tells anew.
told_before as (
    select
        former.customer_key,
        former.model_key,
        former.target,
        former.predicted_value,
        former.low_value,
        former.high_value,
        former.horizon_days,
        former.as_of_date
    from {{ source('former', 'fct_predictions') }} as former
    inner join customer_values on former.customer_key = customer_values.customer_key
    where former.as_of_date <> {{ as_of_date() }}
),

told as (
    select * from told_before
    union all
    select * from told_now
),

-- Of each month the last day stays.
last_days as (
    select max(as_of_date) as as_of_date
    from (select distinct as_of_date from told) as told_on
    group by {{ period_start("'month'", 'as_of_date') }}
),

kept as (
    select
        told.*,
        {{ days_after('told.as_of_date', 'told.horizon_days') }} as foretold_until
    from told
    inner join last_days on told.as_of_date = last_days.as_of_date
),

ended as (
    select distinct
        customer_key,
        as_of_date,
        foretold_until
    from kept
    where foretold_until <= {{ as_of_date() }}
),

-- A value comes in on its day, and is worth less by it, on the basis that it was foretold on.
came as (
    select
        ended.customer_key,
        ended.as_of_date,
        ended.foretold_until,
        count(*) filter (where days.purchase_count > 0) as order_count,
        coalesce(
            sum(
                {{ money(
                    "case
                        when customer_values.value_basis = 'margin' then days.known_margin_amount
                        else days.net_amount
                    end
                    * power(
                        1e0 / (1 + " ~ parameter('discount_rate_annual') ~ "),
                        " ~ dbt.datediff('ended.as_of_date', 'days.entered_on', 'day') ~ " / 365e0
                    )"
                ) }}
            ),
            0
        ) as value_amount
    from ended
    inner join customer_values on ended.customer_key = customer_values.customer_key
    left join days
    on
        ended.customer_key = days.customer_key
        and ended.as_of_date < days.entered_on
        and ended.foretold_until >= days.entered_on
    group by ended.customer_key, ended.as_of_date, ended.foretold_until
)

select
    cast(kept.customer_key as string) as customer_key,
    cast(kept.model_key as string) as model_key,
    cast(kept.target as string) as target,
    cast(kept.predicted_value as double) as predicted_value,
    cast(kept.low_value as double) as low_value,
    cast(kept.high_value as double) as high_value,
    cast(
        case
            when came.customer_key is null then null
            when kept.target = 'value' then cast(came.value_amount as double)
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
