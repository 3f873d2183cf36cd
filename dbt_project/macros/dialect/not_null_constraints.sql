{# Spark's Parquet tables hold no constraint: what a contract says is never null is looked for once built. #}
{% macro spark__persist_constraints(relation, model) -%}
{%- set required = [] -%}
{%- for column in model.columns.values() if column.constraints | selectattr('type', 'equalto', 'not_null') | list -%}
    {%- do required.append(column.name) -%}
{%- endfor -%}
{%- if execute and required -%}
    {%- set counts -%}
    select {% for name in required %}count_if({{ name }} is null){{ ', ' if not loop.last }}{% endfor %}
    from {{ relation }}
    {%- endset -%}
    {%- for count in run_query(counts).rows[0] -%}
        {%- if count -%}
            {%- set column = relation ~ '.' ~ required[loop.index0] -%}
            {{ exceptions.raise_compiler_error('NOT NULL constraint failed: ' ~ column ~ ' is null in ' ~ count ~ ' rows') }}
        {%- endif -%}
    {%- endfor -%}
{%- endif -%}
{%- endmacro %}
