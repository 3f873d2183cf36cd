{# What a table and its columns mean, told to DuckDB in one statement. dbt's own asks the table twice which columns it
   has; all that are described here are in a contract, so that the table has them. #}
{% macro duckdb__persist_docs(relation, model, for_relation, for_columns) -%}
{%- if config.persist_relation_docs() and config.persist_column_docs() -%}
    {%- call statement('comments') -%}
    comment on {{ relation.type }} {{ relation }} is {{ duckdb_escape_comment(model.description) }};
    {%- for column in model.columns.values() %}
    comment on column {{ relation }}.{{ column.name }} is {{ duckdb_escape_comment(column.description) }};
    {%- endfor %}
    {%- endcall -%}
{%- endif -%}
{%- endmacro %}
