{# The counts of customers that move in a period, and the amounts that move with them, with how many have a
   rate. #}
{% macro churn_counts() -%}
{{ return([
    'active_start_count', 'new_count', 'reactivated_count', 'lost_count', 'new_and_lost_count',
    'active_end_count', 'voluntary_lost_count', 'involuntary_lost_count',
]) }}
{%- endmacro %}

{% macro churn_amounts() -%}
{{ return([
    'start_amount', 'new_amount', 'reactivation_amount', 'expansion_amount', 'contraction_amount',
    'churned_amount', 'end_amount', 'priced_count',
]) }}
{%- endmacro %}

{# The figures of each period summed for each segment: a segment type and the column that holds its values. A sum of
   amounts is of their type again: Spark widens it, and what is then reckoned from sums would lose their last digits. #}
{% macro sums_by_segment(rows, segments, figures) -%}
{%- for segment_type, column in segments.items() %}
select
    period_grain,
    period_start,
    '{{ segment_type }}' as segment_type,
    {{ column }} as segment_value,
    {%- for figure in figures %}
    {{ money('sum(' ~ figure ~ ')') if figure.endswith('_amount') else 'sum(' ~ figure ~ ')' }} as {{ figure }}
    {{- ',' if not loop.last }}
    {%- endfor %}
from {{ rows }}
group by
    period_grain,
    period_start
    {%- if segment_type != 'all' %},
    {{ column }}
    {%- endif %}
{%- if not loop.last %}
union all
{%- endif %}
{%- endfor %}
{%- endmacro %}

{# The segments that a customer under contract is of as a whole. #}
{% macro contract_segments() -%}
{{ return({
    'all': "'all'", 'channel': 'channel', 'country': 'country', 'plan': 'plan',
    'billing_period': 'billing_period',
}) }}
{%- endmacro %}

{# Nought where nobody moved. #}
{% macro or_nought(relation, columns) -%}
{%- for column in columns -%}
coalesce({{ relation }}.{{ column }}, 0) as {{ column }} {%- if not loop.last %},
{% endif %}
{%- endfor -%}
{%- endmacro %}
