{# The rows of a seed as literals: a session of Spark binds no values, and an apostrophe would end the text. #}
{% macro spark__load_csv_rows(model, agate_table) -%}
{%- set types = model.config.get('column_types', {}) -%}
{%- set statement -%}
insert into {{ this }} values
{%- for row in agate_table.rows %}
    (
    {%- for value in row -%}
        cast({{ spark_literal(value) }} as {{ types.get(agate_table.column_names[loop.index0], 'string') }})
        {{- ', ' if not loop.last }}
    {%- endfor -%}
    ) {{- ',' if not loop.last }}
{%- endfor -%}
{%- endset -%}
{%- do run_query(statement) -%}
{{ return(statement) }}
{%- endmacro %}

{% macro spark_literal(value) -%}
{%- if value is none -%} null
{%- else -%} '{{ value | string | replace('\\', '\\\\') | replace("'", "\\'") }}'
{%- endif -%}
{%- endmacro %}
