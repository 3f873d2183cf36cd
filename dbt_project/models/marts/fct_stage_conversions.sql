with

states as (
    select * from {{ ref('int_stage_states') }}
),

customers as (
    select * from {{ ref('dim_customers') }}
),

segment_types as (
    select 'all' as segment_type
    union all
    select 'channel' as segment_type
),

stays as (
    select
        customer_key,
        stage,
        stage_number,
        entered_on,
        {{ period_start("'month'", 'entered_on') }} as period_start,
        lag(stage_number) over of_stage as former_number,
        lag({{ period_start("'month'", 'entered_on') }}) over of_stage as former_period_start
    from states
    window of_stage as (
        partition by customer_key, stage
        order by stage_number
    )
),

-- who enters a stage twice in a month counts once, from the first time on
entrants as (
    select
        stays.*,
        customers.acquisition_channel,
        least(
            {{ dbt.datediff('stays.entered_on', as_of_date(), 'day') }},
            {{ parameter('stage_conversion_days') }}
        ) as seen_days
    from stays
    inner join customers
    on stays.customer_key = customers.customer_key
    where stays.former_period_start is null or stays.former_period_start < stays.period_start
),

-- a stay is the first of its stage since the entry if the one before it is older than that
arrivals as (
    select
        entrants.stage as from_stage,
        stays.stage as to_stage,
        entrants.period_start,
        entrants.acquisition_channel,
        entrants.seen_days,
        {{ dbt.datediff(
            'entrants.entered_on', 'stays.entered_on', 'day'
        ) }} as days,
        stays.stage_number = entrants.stage_number + 1 as is_exit
    from entrants
    inner join stays
    on
        entrants.customer_key = stays.customer_key
        and entrants.stage_number < stays.stage_number
        and entrants.stage <> stays.stage
        and entrants.stage_number > coalesce(stays.former_number, 0)
        and {{ days_after('entrants.entered_on', parameter('stage_conversion_days')) }}
        >= stays.entered_on
),

-- whatever stage comes next ends the stay
arrived as (
    select
        from_stage,
        to_stage,
        period_start,
        acquisition_channel,
        seen_days,
        days,
        count(*) as customer_count
    from arrivals
    group by from_stage, to_stage, period_start, acquisition_channel, seen_days, days
    union all
    select
        from_stage,
        'any' as to_stage,
        period_start,
        acquisition_channel,
        seen_days,
        days,
        count(*) as customer_count
    from arrivals
    where is_exit
    group by from_stage, period_start, acquisition_channel, seen_days, days
),

entered as (
    select
        stage as from_stage,
        period_start,
        acquisition_channel,
        seen_days,
        count(*) as customer_count
    from entrants
    group by stage, period_start, acquisition_channel, seen_days
),

-- a way that somebody has gone is told of all who could have gone it, so that nobody is a zero
ways as (
    select distinct
        from_stage,
        to_stage
    from arrived
),

-- who has not arrived when last seen is censored there: all who entered, less those who have
observed as (
    select
        from_stage,
        to_stage,
        period_start,
        acquisition_channel,
        days,
        customer_count as event_count,
        customer_count as observed_count
    from arrived
    union all
    select
        from_stage,
        to_stage,
        period_start,
        acquisition_channel,
        seen_days as days,
        0 as event_count,
        -customer_count as observed_count
    from arrived
    union all
    select
        entered.from_stage,
        ways.to_stage,
        entered.period_start,
        entered.acquisition_channel,
        entered.seen_days as days,
        0 as event_count,
        entered.customer_count as observed_count
    from entered
    inner join ways
    on entered.from_stage = ways.from_stage
),

durations as (
    select
        observed.from_stage,
        observed.to_stage,
        observed.period_start,
        segment_types.segment_type,
        case segment_types.segment_type
            when 'channel' then observed.acquisition_channel
            else 'all'
        end as segment_value,
        observed.days,
        sum(observed.event_count) as event_count,
        sum(observed.observed_count) as observed_count
    from observed
    cross join segment_types
    group by
        observed.from_stage,
        observed.to_stage,
        observed.period_start,
        segment_types.segment_type,
        segment_value,
        observed.days
    having sum(observed.observed_count) > 0
),

curve as (
    {{ survival_curve(
        'durations', ['from_stage', 'to_stage', 'period_start', 'segment_type', 'segment_value']
    ) }}
),

-- each step of the curve lasts until the next one, the last until the window's end
steps as (
    select
        *,
        {{ survival() }} as survival,
        lead(days, 1, {{ parameter('stage_conversion_days') }}) over (
            partition by from_stage, to_stage, period_start, segment_type, segment_value
            order by days
        ) as next_days
    from curve
),

-- where nobody was seen to the window's end, the curve is not known that far
measured as (
    select
        from_stage,
        to_stage,
        segment_type,
        segment_value,
        sum(observed_count) as entrant_count,
        sum(event_count) as reached_count,
        min(days) filter (where {{ is_half_gone() }}) as median_days,
        min(days)
        + sum(cast(round(survival * (next_days - days), 8) as decimal(18, 8)))
            as days_within_window,
        max(days) = {{ parameter('stage_conversion_days') }} or min(survival) = 0
            as is_curve_known,
        period_start,
        {{ period_end("'month'", 'period_start') }} as period_end
    from steps
    group by from_stage, to_stage, segment_type, segment_value, period_start
)

select
    from_stage,
    to_stage,
    segment_type,
    segment_value,
    -- the loss of a contract is dated back once its grace is over
    {{ maturity('period_start', days_after(
        'period_end', parameter('stage_conversion_days') ~ ' + ' ~ parameter('contract_grace_days')
    )) }} as maturity,
    cast(entrant_count as bigint) as entrant_count,
    cast(reached_count as bigint) as reached_count,
    cast(reached_count as double) / nullif(entrant_count, 0) as conversion_ratio,
    cast({{ wilson_low('reached_count', 'entrant_count') }} as double) as conversion_ci_low,
    cast({{ wilson_high('reached_count', 'entrant_count') }} as double) as conversion_ci_high,
    cast(median_days as integer) as median_days,
    case when is_curve_known then cast(round(days_within_window, 4) as double) end
        as mean_days_within_window,
    entrant_count >= {{ parameter('minimum_reportable_count') }} as is_reportable,
    period_start,
    period_end
from measured
