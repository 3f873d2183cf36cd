{# A whole number that equal rows share and unequal ones do not; meant for one engine's eyes only. #}
{% macro row_hash(columns) -%}
{{ return(adapter.dispatch('row_hash')(columns)) }}
{%- endmacro %}

{% macro default__row_hash(columns) -%}
hash({{ columns | join(', ') }})
{%- endmacro %}

{# Spark's hash passes over nulls, so that it must be told where they are. #}
{% macro spark__row_hash(columns) -%}
xxhash64({% for column in columns %}{{ column }}, {{ column }} is null{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}
