{# Spark's own functions, of which dbt's wrapping is slow to run and does not hold within a longer formula. #}
{% macro spark__dateadd(datepart, interval, from_date_or_timestamp) -%}
timestampadd({{ datepart }}, cast({{ interval }} as int), {{ from_date_or_timestamp }})
{%- endmacro %}

{# Boundaries crossed, as DuckDB counts them. #}
{% macro spark__datediff(first_date, second_date, datepart) -%}
{%- if datepart == 'day' -%}
datediff({{ second_date }}, {{ first_date }})
{%- elif datepart == 'month' -%}
(
    12 * (year({{ second_date }}) - year({{ first_date }}))
    + month({{ second_date }}) - month({{ first_date }})
)
{%- else -%}
{{ exceptions.raise_compiler_error("datediff on Spark counts days and months, not '" ~ datepart ~ "'") }}
{%- endif -%}
{%- endmacro %}
