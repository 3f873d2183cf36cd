with

order_days as (
    select * from {{ ref('int_order_days') }}
),

-- The buyers whose weeks are followed are those that the model of the earlier cut-off knew.
cut_offs as (
    select min(observed_on) as observed_on
    from {{ ref('int_value_cells') }}
    where is_cut_off
),

buyers as (
    select * from {{ ref('int_customer_values') }}
    where frequency is not null
)

select
    order_days.ordered_on,
    cut_offs.observed_on,
    count(*) as repeat_count
from order_days
inner join buyers on order_days.customer_key = buyers.customer_key
inner join cut_offs on buyers.first_ordered_on <= cut_offs.observed_on
where order_days.ordered_on > buyers.first_ordered_on
group by order_days.ordered_on, cut_offs.observed_on
