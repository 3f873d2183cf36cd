{# First day of the week that a day lies in, as the business counts weeks. #}
{% macro start_of_week(day) -%}
{%- if var('week_start') == 'monday' -%}
cast({{ dbt.date_trunc('week', day) }} as date)
{%- else -%}
cast({{ dbt.dateadd('day', -1, dbt.date_trunc('week', dbt.dateadd('day', 1, day))) }} as date)
{%- endif -%}
{%- endmacro %}
