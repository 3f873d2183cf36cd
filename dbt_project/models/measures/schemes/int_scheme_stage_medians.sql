with

stays as (
    select * from {{ ref('int_scheme_stay_counts') }}
),

dates as (
    select * from {{ ref('dim_dates') }}
),

-- a month still running is observed to the as-of date
months as (
    select
        month_start as period_start,
        max(date_day) as observed_on
    from dates
    where date_day <= {{ as_of_date() }}
    group by month_start
),

exits as (
    select
        scheme,
        scheme_stage,
        {{ period_start("'month'", 'exited_on') }} as exited_in,
        cast(
            {{ dbt.datediff('entered_on', 'exited_on', 'day') }}
            as integer
        ) as days_in_stage,
        sum(stay_count) as stay_count
    from stays
    where exited_on is not null
    group by scheme, scheme_stage, exited_in, days_in_stage
),

-- what the closes of months see of a stay is when it began and in which month it ended
begun as (
    select
        scheme,
        scheme_stage,
        entered_on,
        {{ period_start("'month'", 'entered_on') }} as entered_in,
        coalesce(
            {{ period_start("'month'", 'exited_on') }}, {{ days_after(as_of_date(), 1) }}
        ) as open_until,
        sum(stay_count) as stay_count
    from stays
    group by scheme, scheme_stage, entered_on, entered_in, open_until
),

-- a stay still open when the month closes is known to last longer, not how long
observed as (
    select
        exits.scheme,
        exits.scheme_stage,
        months.period_start,
        exits.days_in_stage as days,
        exits.stay_count as event_count,
        exits.stay_count as observed_count
    from exits
    inner join months
    on exits.exited_in <= months.period_start
    union all
    select
        begun.scheme,
        begun.scheme_stage,
        months.period_start,
        cast(
            {{ dbt.datediff('begun.entered_on', 'months.observed_on', 'day') }}
            as integer
        ) as days,
        0 as event_count,
        begun.stay_count as observed_count
    from begun
    inner join months
    on
        begun.entered_in <= months.period_start
        and begun.open_until > months.period_start
),

durations as (
    select
        scheme,
        scheme_stage,
        period_start,
        days,
        sum(event_count) as event_count,
        sum(observed_count) as observed_count
    from observed
    group by scheme, scheme_stage, period_start, days
),

curve as (
    {{ survival_curve('durations', ['scheme', 'scheme_stage', 'period_start']) }}
)

select
    scheme,
    scheme_stage,
    period_start,
    min(days) as median_days_in_stage
from curve
where {{ is_half_gone() }}
group by scheme, scheme_stage, period_start
