{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'fct_orders'}}}) }}

-- without a rate an amount is null in reporting currency, and missing from every sum
select
    'order' as fact,
    order_key as fact_key,
    currency
from {{ ref('fct_orders') }}
where net_amount is null and net_amount_original is not null
union all
select
    'refund' as fact,
    refund_key as fact_key,
    currency
from {{ ref('fct_refunds') }}
where amount is null and amount_original is not null
union all
select
    'subscription' as fact,
    subscription_key as fact_key,
    currency
from {{ ref('fct_subscriptions') }}
where recurring_amount is null and recurring_amount_original is not null
