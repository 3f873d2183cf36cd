{# The one meaning of a valid order, over the columns of a converted order; amounts as the source gave them,
   so that a missing exchange rate makes no order invalid. #}
{% macro is_valid_order() -%}
coalesce(
    status in ('completed', 'returned')
    and not is_test
    and not is_trial
    and coalesce(gross_amount_original, net_amount_original + coalesce(discount_amount_original, 0))
    {{ '>=' if var('count_zero_amount_orders') else '>' }} 0,
    false
)
{%- endmacro %}
