with

customers as (
    select * from {{ ref('dim_customers') }}
),

orders as (
    select * from {{ ref('fct_orders') }}
),

first_days as (
    select min(known_on) as first_day from customers
    union all
    select min(ordered_on) as first_day from orders
),

first_day as (
    select coalesce(min(first_day), {{ as_of_date() }}) as first_day
    from first_days
),

-- whole years, and one year ahead for contracts, points and targets
span as (
    select
        cast({{ dbt.date_trunc('year', 'first_day') }} as date) as first_day,
        {{ dbt.dateadd('year', 2, dbt.date_trunc('year', as_of_date())) }} as end_day
    from first_day
),

days as (
    select {{ each_day('first_day', dbt.dateadd('day', -1, 'end_day')) }} as date_day
    from span
),

described as (
    select
        date_day,
        {{ start_of_week('date_day') }} as week_start,
        cast({{ dbt.date_trunc('month', 'date_day') }} as date) as month_start,
        cast({{ dbt.date_trunc('quarter', 'date_day') }} as date) as quarter_start,
        cast({{ dbt.date_trunc('year', 'date_day') }} as date) as year_start,
        cast({{ dbt.date_trunc('week', 'date_day') }} as date) as iso_week_start
    from days
),

weekdays as (
    select
        *,
        {{ dbt.dateadd('day', 3, 'iso_week_start') }} as iso_thursday,
        {{ dbt.dateadd('day', 5, 'iso_week_start') }} as iso_saturday
    from described
),

-- an ISO week belongs to the year of its Thursday
numbered as (
    select
        date_day,
        week_start,
        month_start,
        quarter_start,
        year_start,
        iso_week_start,
        cast(extract(year from date_day) as integer) as year_number,
        cast(extract(quarter from date_day) as integer) as quarter_number,
        cast(extract(month from date_day) as integer) as month_number,
        cast(extract(day from date_day) as integer) as day_number,
        cast(extract(year from iso_thursday) as integer) as iso_year_number,
        cast(extract(week from date_day) as integer) as iso_week_number,
        date_day >= iso_saturday as is_weekend,
        date_day <= {{ as_of_date() }} as is_past
    from weekdays
)

select
    date_day,
    year_number,
    quarter_number,
    month_number,
    day_number,
    iso_year_number,
    iso_week_number,
    is_weekend,
    is_past,
    week_start,
    iso_week_start,
    month_start,
    quarter_start,
    year_start
from numbered
