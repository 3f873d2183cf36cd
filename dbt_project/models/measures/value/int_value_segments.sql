with

places as (
    select distinct
        acquisition_channel,
        acquisition_country
    from {{ ref('int_customer_values') }}
    where frequency is not null
)

select
    acquisition_channel,
    acquisition_country,
    cast(
        row_number() over (order by acquisition_channel asc, acquisition_country asc) as integer
    ) as segment_number
from places
