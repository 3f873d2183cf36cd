with

entries as (
    select * from {{ ref('int_ledger_entries') }}
),

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
    select
        entries.customer_key,
        entries.entered_on,
        count(*) filter (where entries.entry_type = 'order') as valid_order_count,
        count(*) filter (where entries.is_purchase) as purchase_count,
        sum(entries.net_amount) as net_amount
    from entries
    inner join customers on entries.customer_key = customers.customer_key
    group by entries.customer_key, entries.entered_on
),

order_days as (
    select
        customer_key,
        entered_on as last_ordered_on,
        lead(entered_on, 1, {{ days_after(as_of_date(), 1) }}) over (
            partition by customer_key
            order by entered_on asc
        ) as next_ordered_on
    from days
    where valid_order_count > 0
),

-- Between one order day and the next, a buyer's last order is the earlier one.
buyers as (
    select
        order_days.customer_key,
        snapshots.snapshot_on,
        order_days.last_ordered_on
    from order_days
    inner join snapshots
    on
        order_days.last_ordered_on <= snapshots.snapshot_on
        and order_days.next_ordered_on > snapshots.snapshot_on
),

windows as (
    select
        days.customer_key,
        snapshots.snapshot_on,
        sum(days.purchase_count) as frequency_count,
        sum(days.net_amount) as monetary_amount
    from days
    inner join snapshots
    on
        days.entered_on >= snapshots.window_opens_on
        and days.entered_on <= snapshots.snapshot_on
    group by days.customer_key, snapshots.snapshot_on
),

measured as (
    select
        buyers.customer_key,
        buyers.snapshot_on,
        cast(
            {{ dbt.datediff('buyers.last_ordered_on', 'buyers.snapshot_on', 'day') }}
            as integer
        ) as recency_days,
        coalesce(windows.frequency_count, 0) as frequency_count,
        {{ rounded_money('coalesce(windows.monetary_amount, 0)') }} as monetary_amount
    from buyers
    left join windows
    on
        buyers.customer_key = windows.customer_key
        and buyers.snapshot_on = windows.snapshot_on
)

select * from measured
