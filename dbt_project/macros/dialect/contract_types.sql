{# Contracts spell a text `varchar`, which Spark knows with a length only and calls `string` without. #}
{% macro spark__get_empty_schema_sql(columns) -%}
select
{%- for column in columns.values() %}
    cast(null as {{ 'string' if column['data_type'] == 'varchar' else column['data_type'] }}) as {{ column['name'] }}
    {%- if not loop.last %}, {% endif %}
{%- endfor %}
{%- endmacro %}
