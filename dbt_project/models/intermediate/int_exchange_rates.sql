{{ config(
    materialized='repaired',
    repair_key=['currency', 'rate_on'],
) }}

with

exchange_rates as (
    select * from {{ ref('stg_exchange_rates') }}
),

-- both directions; on one day a rate quoted directly wins, then the source first in the alphabet
quotes as (
    select
        from_currency as currency,
        rate_date,
        cast(rate as double) as exchange_rate,
        0 as preference,
        source_system
    from exchange_rates
    where to_currency = '{{ var("reporting_currency") }}'
    union all
    select
        to_currency as currency,
        rate_date,
        1 / nullif(cast(rate as double), 0) as exchange_rate,
        1 as preference,
        source_system
    from exchange_rates
    where from_currency = '{{ var("reporting_currency") }}'
),

daily_quotes as (
    select *
    from quotes
    where rate_date <= {{ as_of_date() }} and currency <> '{{ var("reporting_currency") }}'
    qualify
        row_number() over (
            partition by currency, rate_date
            order by preference asc, source_system asc
        ) = 1
),

ordered_quotes as (
    select
        currency,
        exchange_rate,
        rate_date as quoted_on,
        lead(rate_date) over (partition by currency order by rate_date asc) as next_quoted_on
    from daily_quotes
),

spans as (
    select
        currency,
        exchange_rate,
        quoted_on,
        coalesce(
            cast({{ dbt.dateadd('day', -1, 'next_quoted_on') }} as date),
            {{ as_of_date() }}
        ) as last_on
    from ordered_quotes
),

-- one row per day, so that a large table joins on equality
days as (
    select
        currency,
        {{ each_day('quoted_on', 'last_on') }} as rate_on,
        exchange_rate,
        quoted_on
    from spans
)

select * from days
