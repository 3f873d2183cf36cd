{# The day so many days after a day, as a date whatever the engine makes of the sum. #}
{% macro days_after(day, number) -%}
cast({{ dbt.dateadd('day', number, day) }} as date)
{%- endmacro %}
