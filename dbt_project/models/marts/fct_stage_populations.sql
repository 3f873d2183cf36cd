with

stays as (
    select * from {{ ref('int_scheme_stay_counts') }}
),

medians as (
    select * from {{ ref('int_scheme_stage_medians') }}
),

schemes as (
    select * from {{ ref('map_lifecycle_schemes') }}
),

dates as (
    select * from {{ ref('dim_dates') }}
),

movements as (
    select
        scheme,
        scheme_stage,
        {{ period_start("'month'", 'entered_on') }} as period_start,
        sum(stay_count) as entered_count,
        0 as exited_count
    from stays
    group by scheme, scheme_stage, period_start
    union all
    select
        scheme,
        scheme_stage,
        {{ period_start("'month'", 'exited_on') }} as period_start,
        0 as entered_count,
        sum(stay_count) as exited_count
    from stays
    where exited_on is not null
    group by scheme, scheme_stage, period_start
),

first_month as (
    select min(period_start) as period_start from movements
),

months as (
    select distinct dates.month_start as period_start
    from dates
    inner join first_month
    on dates.month_start >= first_month.period_start
    where dates.date_day <= {{ as_of_date() }}
),

scheme_stages as (
    select distinct
        scheme,
        scheme_stage
    from schemes
),

-- a stage in which nobody is or moves still has its row
summed as (
    select
        scheme_stages.scheme,
        scheme_stages.scheme_stage,
        months.period_start,
        coalesce(sum(movements.entered_count), 0) as entered_count,
        coalesce(sum(movements.exited_count), 0) as exited_count
    from months
    cross join scheme_stages
    left join movements
    on
        scheme_stages.scheme = movements.scheme
        and scheme_stages.scheme_stage = movements.scheme_stage
        and months.period_start = movements.period_start
    group by scheme_stages.scheme, scheme_stages.scheme_stage, months.period_start
),

bridged as (
    select
        *,
        sum(entered_count - exited_count) over (
            partition by scheme, scheme_stage
            order by period_start
            rows between unbounded preceding and current row
        ) as closing_count,
        {{ period_end("'month'", 'period_start') }} as period_end
    from summed
)

select
    bridged.scheme,
    bridged.scheme_stage,
    {{ maturity('bridged.period_start', 'bridged.period_end') }} as maturity,
    cast(bridged.closing_count - bridged.entered_count + bridged.exited_count as bigint)
        as opening_count,
    cast(bridged.entered_count as bigint) as entered_count,
    cast(bridged.exited_count as bigint) as exited_count,
    cast(bridged.closing_count as bigint) as closing_count,
    cast(medians.median_days_in_stage as integer) as median_days_in_stage,
    bridged.period_start,
    bridged.period_end
from bridged
left join medians
on
    bridged.scheme = medians.scheme
    and bridged.scheme_stage = medians.scheme_stage
    and bridged.period_start = medians.period_start
