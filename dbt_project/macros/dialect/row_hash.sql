{# A whole number that equal rows share and unequal ones do not; meant for one engine's eyes only. #}
{% macro row_hash(columns) -%}
{{ return(adapter.dispatch('row_hash')(columns)) }}
{%- endmacro %}

{% macro default__row_hash(columns) -%}
hash({{ columns | join(', ') }})
{%- endmacro %}

{% macro spark__row_hash(columns) -%}
xxhash64({{ columns | join(', ') }})
{%- endmacro %}
