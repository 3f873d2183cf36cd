{# Where a row was read, load by load and row by row, as a text that sorts in that order. #}
{% macro place_of_reading() -%}
load_id || lpad(cast(row_number as string), 19, '0')
{%- endmacro %}
