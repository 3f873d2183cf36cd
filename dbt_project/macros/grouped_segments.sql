{# The segment that a row of GROUPING SETS is of: each set has one of the columns, or none for all. #}
{% macro grouped_segment_type(columns) -%}
case
    {%- for column in columns %}
    when grouping({{ column }}) = 0 then '{{ column }}'
    {%- endfor %}
    else 'all'
end
{%- endmacro %}

{% macro grouped_segment_value(columns) -%}
case
    {%- for column in columns %}
    when grouping({{ column }}) = 0 then {{ column }}
    {%- endfor %}
    else 'all'
end
{%- endmacro %}

{# The sets: the key alone, and with each of the columns. #}
{% macro grouped_segments(key, columns) -%}
grouping sets (
    ({{ key | join(', ') }})
    {%- for column in columns %},
    ({{ key | join(', ') }}, {{ column }})
    {%- endfor %}
)
{%- endmacro %}
