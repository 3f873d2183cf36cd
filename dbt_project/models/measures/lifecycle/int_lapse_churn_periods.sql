with

spells as (
    select * from {{ ref('int_active_spells') }}
),

customers as (
    select * from {{ ref('dim_customers') }}
),

grains as (
    select 'month' as period_grain
    union all
    select 'quarter' as period_grain
),

segment_types as (
    select 'all' as segment_type
    union all
    select 'channel' as segment_type
    union all
    select 'country' as segment_type
),

segmented as (
    select
        grains.period_grain,
        segment_types.segment_type,
        case segment_types.segment_type
            when 'channel' then customers.acquisition_channel
            when 'country' then customers.acquisition_country
            else 'all'
        end as segment_value,
        spells.spell_number,
        {{ period_start('grains.period_grain', 'spells.active_from') }} as gained_in,
        {{ period_start('grains.period_grain', 'spells.lost_on') }} as lost_in
    from spells
    inner join customers
    on spells.customer_key = customers.customer_key
    cross join grains
    cross join segment_types
),

-- who is lost in the period that brought them was not there at its start
movements as (
    select
        period_grain,
        gained_in as period_start,
        segment_type,
        segment_value,
        count(*) filter (where spell_number = 1) as new_count,
        count(*) filter (where spell_number > 1) as reactivated_count,
        0 as lost_count,
        0 as new_and_lost_count
    from segmented
    group by period_grain, gained_in, segment_type, segment_value
    union all
    select
        period_grain,
        lost_in as period_start,
        segment_type,
        segment_value,
        0 as new_count,
        0 as reactivated_count,
        count(*) filter (where gained_in < lost_in) as lost_count,
        count(*) filter (where gained_in = lost_in) as new_and_lost_count
    from segmented
    where lost_in is not null
    group by period_grain, lost_in, segment_type, segment_value
),

days as (
    select {{ each_day('min(active_from)', as_of_date()) }} as date_day
    from spells
),

-- a period without any movement still has its row
periods as (
    select distinct
        grains.period_grain,
        {{ period_start('grains.period_grain', 'days.date_day') }} as period_start
    from days
    cross join grains
),

segments as (
    select distinct
        segment_type,
        segment_value
    from segmented
),

summed as (
    select
        periods.period_grain,
        periods.period_start,
        segments.segment_type,
        segments.segment_value,
        coalesce(sum(movements.new_count), 0) as new_count,
        coalesce(sum(movements.reactivated_count), 0) as reactivated_count,
        coalesce(sum(movements.lost_count), 0) as lost_count,
        coalesce(sum(movements.new_and_lost_count), 0) as new_and_lost_count
    from periods
    cross join segments
    left join movements
    on
        periods.period_grain = movements.period_grain
        and periods.period_start = movements.period_start
        and segments.segment_type = movements.segment_type
        and segments.segment_value = movements.segment_value
    group by
        periods.period_grain,
        periods.period_start,
        segments.segment_type,
        segments.segment_value
)

select
    *,
    {{ period_end('period_grain', 'period_start') }} as period_end,
    coalesce(sum(new_count + reactivated_count - lost_count - new_and_lost_count) over (
        partition by period_grain, segment_type, segment_value
        order by period_start
        rows between unbounded preceding and 1 preceding
    ), 0) as active_start_count
from summed
