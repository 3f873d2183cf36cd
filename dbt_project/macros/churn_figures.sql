{# The counts of customers that move in a period, and the amounts that move with them. #}
{% macro churn_counts() -%}
{{ return([
    'active_start_count', 'new_count', 'reactivated_count', 'lost_count', 'new_and_lost_count',
    'active_end_count', 'voluntary_lost_count', 'involuntary_lost_count',
]) }}
{%- endmacro %}

{% macro churn_amounts() -%}
{{ return([
    'start_amount', 'new_amount', 'reactivation_amount', 'expansion_amount', 'contraction_amount',
    'churned_amount', 'end_amount',
]) }}
{%- endmacro %}

{% macro sums_of(columns) -%}
{%- for column in columns -%}
sum({{ column }}) as {{ column }} {%- if not loop.last %},
{% endif %}
{%- endfor -%}
{%- endmacro %}

{# Nought where nobody moved. #}
{% macro or_nought(relation, columns) -%}
{%- for column in columns -%}
coalesce({{ relation }}.{{ column }}, 0) as {{ column }} {%- if not loop.last %},
{% endif %}
{%- endfor -%}
{%- endmacro %}
