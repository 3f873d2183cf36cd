{# Whether an instant lies not after the as-of day; spares the local day of every row. #}
{% macro has_happened(instant) -%}
{{ instant }} < {{ start_of_local_day(dbt.dateadd('day', 1, as_of_date())) }}
{%- endmacro %}
