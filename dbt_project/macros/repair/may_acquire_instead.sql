{# Of buyers whose orders changed, the order that acquired them so far and the first of those that stand as they were:
   with what changed they say which order acquires now, whatever else the buyers ordered.
   `changed` and `buyers` are what the caller has found. #}
{% macro may_acquire_instead() -%}
select source_system, order_id
from (
    select
        orders.source_system,
        orders.order_id,
        orders.is_acquisition,
        row_number() over (
            partition by
                orders.customer_key, orders.is_valid and not orders.is_guest and not orders.is_refunded_in_full
            order by orders.ordered_at, orders.order_id, orders.source_system
        ) as turn
    from {{ this }} as orders
    left join changed on orders.source_system = changed.source_system and orders.order_id = changed.order_id
    where orders.customer_key in (select customer_key from buyers) and changed.order_id is null
) as standing
where is_acquisition or turn = 1
{%- endmacro %}
