with

calibration as (
    select * from {{ source('value', 'calibration') }}
)

select
    cast(bin_type as string) as bin_type,
    cast(bin_number as integer) as bin_number,
    cast(customer_count as bigint) as customer_count,
    cast(expected as double) as predicted_orders,
    cast(actual as double) as actual_orders,
    cast(probability as double) as predicted_order_probability,
    cast(ordered_ratio as double) as ordered_ratio,
    cast(horizon_days as integer) as horizon_days,
    cast(observed_on as date) as observed_on,
    {{ as_of_date() }} as as_of_date
from calibration
