with

scores as (
    select
        customer_key,
        segment,
        previous_segment,
        as_of_date
    from {{ ref('fct_rfm_scores') }}
    where {{ is_month_end('as_of_date') }}
),

snapshots as (
    select
        customer_key,
        snapshot_on,
        value_amount
    from {{ ref('int_rfm_snapshots') }}
    where {{ is_month_end('snapshot_on') }}
),

customers as (
    select * from {{ ref('dim_customers') }}
),

silent_spells as (
    select * from {{ ref('int_silent_spells') }}
),

-- Customers alike to the unit of currency are of one class, and need not be sorted one by one. Who
-- has brought nothing, or cost money, must not push others over a line.
units as (
    select
        snapshot_on,
        cast(floor(value_amount) as bigint) as value_unit,
        sum(value_amount) as unit_amount
    from snapshots
    where value_amount > 0
    group by snapshot_on, value_unit
),

shares as (
    select
        snapshot_on,
        value_unit,
        cast(
            sum(unit_amount) over (
                partition by snapshot_on
                order by value_unit desc
                rows between unbounded preceding and current row
            ) - unit_amount as double
        ) / cast(sum(unit_amount) over (partition by snapshot_on) as double) as share_before
    from units
),

-- the unit with which a line is crossed belongs to the better class
lines as (
    select
        snapshot_on,
        min(value_unit) filter (where share_before < {{ parameter('value_class_a_ratio') }})
            as class_a_from,
        min(value_unit) filter (where share_before < {{ parameter('value_class_b_ratio') }})
            as class_b_from
    from shares
    group by snapshot_on
),

classes as (
    select
        snapshots.customer_key,
        snapshots.snapshot_on,
        case
            when snapshots.value_amount <= 0 then 'C'
            when snapshots.value_amount >= lines.class_a_from then 'A'
            when snapshots.value_amount >= lines.class_b_from then 'B'
            else 'C'
        end as value_class
    from snapshots
    left join lines
    on snapshots.snapshot_on = lines.snapshot_on
),

classes_in_turn as (
    select
        *,
        lag(value_class) over (
            partition by customer_key
            order by snapshot_on
        ) as former_class
    from classes
),

moves as (
    select
        'rfm' as segment_type,
        segment,
        customer_key,
        as_of_date as valid_from
    from scores
    where segment is distinct from previous_segment
    union all
    select
        'value_class' as segment_type,
        value_class as segment,
        customer_key,
        snapshot_on as valid_from
    from classes_in_turn
    where value_class is distinct from former_class
),

stays as (
    select
        segment_type,
        segment,
        customer_key,
        valid_from,
        lead(valid_from) over (
            partition by segment_type, customer_key
            order by valid_from
        ) as valid_to
    from moves
    union all
    select
        'activity' as segment_type,
        'silent' as segment,
        customer_key,
        silent_from as valid_from,
        silent_until as valid_to
    from silent_spells
)

-- nobody is in a segment after having been deleted
select
    cast(stays.segment_type as string) as segment_type,
    cast(stays.segment as string) as segment,
    stays.customer_key,
    coalesce(stays.valid_to, customers.deleted_on) is null as is_current,
    stays.valid_from,
    case
        when stays.valid_to < customers.deleted_on or customers.deleted_on is null
            then stays.valid_to
        else customers.deleted_on
    end as valid_to
from stays
inner join customers on stays.customer_key = customers.customer_key
where coalesce(stays.valid_from < customers.deleted_on, true)
