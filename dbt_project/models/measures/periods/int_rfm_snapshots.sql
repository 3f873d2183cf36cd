with

-- deletion ends scores, and keeps those that were
customers as (
    select * from {{ ref('dim_customers') }}
    where not is_test and not is_guest and not is_erased
),

dates as (
    select * from {{ ref('dim_dates') }}
),

-- The last day of every complete month, and the as-of date whatever day it is.
snapshots as (
    select
        date_day as snapshot_on,
        {{ days_after('date_day', '1 - ' ~ parameter('rfm_window_days')) }} as window_opens_on
    from dates
    where
        date_day <= {{ as_of_date() }}
        and (
            date_day = {{ as_of_date() }}
            or {{ days_after('date_day', 1) }}
            = {{ period_start("'month'", days_after('date_day', 1)) }}
        )
),

days as (
    select days.*
    from {{ ref('int_ledger_days') }} as days
    inner join customers on days.customer_key = customers.customer_key
),

-- All that a customer did up to a day stands until the next one.
so_far as (
    select
        customer_key,
        entered_on,
        lead(entered_on, 1, {{ days_after(as_of_date(), 1) }}) over in_turn as next_entered_on,
        max(case when order_count > 0 then entered_on end) over to_date as last_ordered_on,
        sum(purchase_count) over to_date as frequency_count,
        sum(net_amount) over to_date as monetary_amount,
        case
            when sum(unknown_margin_count) over to_date = 0
                then coalesce(sum(known_margin_amount) over to_date, 0)
            else sum(net_amount) over to_date
        end as value_amount
    from days
    window in_turn as (
        partition by customer_key
        order by entered_on asc, booked_on asc
    ),
    to_date as (
        partition by customer_key
        order by entered_on asc, booked_on asc
        rows between unbounded preceding and current row
    )
),

-- A window holds what was done up to its end, less what was done before it opens.
ends as (
    select
        so_far.customer_key,
        snapshots.snapshot_on,
        so_far.last_ordered_on,
        so_far.frequency_count,
        so_far.monetary_amount,
        so_far.value_amount
    from so_far
    inner join snapshots
    on
        so_far.entered_on <= snapshots.snapshot_on
        and so_far.next_entered_on > snapshots.snapshot_on
    where so_far.last_ordered_on is not null
    union all
    select
        so_far.customer_key,
        snapshots.snapshot_on,
        cast(null as date) as last_ordered_on,
        -so_far.frequency_count as frequency_count,
        -so_far.monetary_amount as monetary_amount,
        cast(null as decimal(28, 8)) as value_amount
    from so_far
    inner join snapshots
    on
        so_far.entered_on < snapshots.window_opens_on
        and so_far.next_entered_on >= snapshots.window_opens_on
),

summed as (
    select
        customer_key,
        snapshot_on,
        max(last_ordered_on) as last_ordered_on,
        sum(frequency_count) as frequency_count,
        sum(monetary_amount) as monetary_amount,
        max(value_amount) as value_amount
    from ends
    group by customer_key, snapshot_on
),

measured as (
    select
        summed.customer_key,
        summed.snapshot_on,
        cast(
            {{ dbt.datediff('summed.last_ordered_on', 'summed.snapshot_on', 'day') }}
            as integer
        ) as recency_days,
        cast(summed.frequency_count as integer) as frequency_count,
        {{ money('coalesce(summed.monetary_amount, 0)') }} as monetary_amount,
        {{ rounded_money('summed.value_amount') }} as value_amount
    from summed
    inner join customers on summed.customer_key = customers.customer_key
    where
        summed.last_ordered_on is not null
        and coalesce(summed.snapshot_on < customers.deleted_on, true)
)

select * from measured
