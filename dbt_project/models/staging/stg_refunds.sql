{{ config(
    materialized='repaired',
    repair_key=['source_system', 'refund_id'],
    touched="{{ touched_versions('refunds', ['refund_id']) }}",
) }}

with

versions as (
    {{ latest_versions('refunds') }}
),

current_versions as (
    {{ current_versions(['refund_id']) }}
)

select
    source_system,
    refund_id,
    order_id,
    customer_id,
    refunded_at,
    amount,
    currency,
    {{ impersonal('reason') }} as reason,
    {{ local_date('refunded_at') }} as refunded_on,
    load_id,
    known_at
from current_versions
