{{ config(meta={'dagster': {'ref': {'name': 'fct_stage_populations'}}}) }}

-- at each month's close the stages of a scheme hold every customer known by then, once
with

schemes as (
    select distinct scheme from {{ ref('map_lifecycle_schemes') }}
),

populations as (
    select * from {{ ref('fct_stage_populations') }}
),

known as (
    select
        {{ period_start("'month'", 'known_on') }} as period_start,
        count(*) as customer_count
    from {{ ref('dim_customers') }}
    where not is_test and not is_guest and not is_erased and known_on <= {{ as_of_date() }}
    group by period_start
),

months as (
    select distinct period_start from populations
    union
    select period_start from known
),

expected as (
    select
        schemes.scheme,
        months.period_start,
        sum(coalesce(known.customer_count, 0)) over (
            partition by schemes.scheme
            order by months.period_start
            rows between unbounded preceding and current row
        ) as customer_count
    from months
    cross join schemes
    left join known
    on months.period_start = known.period_start
),

covered as (
    select
        scheme,
        period_start,
        sum(closing_count) as customer_count
    from populations
    group by scheme, period_start
)

select
    expected.scheme,
    expected.period_start,
    expected.customer_count as known_count,
    covered.customer_count as covered_count
from expected
left join covered
on
    expected.scheme = covered.scheme
    and expected.period_start = covered.period_start
where expected.customer_count is distinct from covered.customer_count
