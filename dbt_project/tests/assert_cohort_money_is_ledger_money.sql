{{ config(meta={'dagster': {'ref': {'name': 'fct_cohort_retention'}}}) }}

-- Each grain's cohorts hold the money of the customers in them; a cell may be off by its rounding.
with

cohorts as (
    select
        cohort_grain,
        sum(net_amount) as cohort_amount,
        count(*) as cell_count
    from {{ ref('fct_cohort_retention') }}
    where segment_type = 'all'
    group by cohort_grain
),

ledger as (
    select coalesce(sum(customer_values.net_amount), 0) as ledger_amount
    from {{ ref('int_customer_values') }} as customer_values
    inner join {{ ref('dim_customers') }} as customers
    on customer_values.customer_key = customers.customer_key
    where
        customers.acquired_on is not null
        and not customers.is_guest
        and not customers.is_erased
)

select
    cohorts.*,
    ledger.ledger_amount
from cohorts
cross join ledger
where abs(cohorts.cohort_amount - ledger.ledger_amount) > 0.005 * cohorts.cell_count
