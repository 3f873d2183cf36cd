{{ config(severity='warn') }}

-- only refunds lower revenue: a return without one still counts in full
select order_key
from {{ ref('fct_orders') }}
where is_valid and status = 'returned' and refund_amount = 0
