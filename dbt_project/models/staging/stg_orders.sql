{{ config(
    materialized='repaired',
    repair_key=['source_system', 'order_id'],
    touched="{{ touched_versions('orders', ['order_id'], 'updated_at') }}",
) }}

with

versions as (
    {{ all_versions('orders', ['order_id']) }}
),

current_versions as (
    {{ current_versions(['order_id'], updated_at='updated_at') }}
)

select
    source_system,
    order_id,
    customer_id,
    ordered_at,
    status,
    gross_amount,
    discount_amount,
    tax_amount,
    shipping_amount,
    net_amount,
    cost_amount,
    currency,
    channel,
    store_id,
    coupon_code,
    is_trial,
    is_test,
    due_on,
    paid_at,
    updated_at,
    {{ local_date('ordered_at') }} as ordered_on,
    {{ local_date('paid_at') }} as paid_on,
    {{ local_date('updated_at') }} as updated_on,
    load_id,
    known_at
from current_versions
