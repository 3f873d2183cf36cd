{# The day that every state is as of: a literal, since no model may ask the clock. #}
{% macro as_of_date() -%}
cast('{{ var("as_of_date") }}' as date)
{%- endmacro %}

{# A business parameter as a literal: text in quotes, null as null. #}
{% macro parameter(name) -%}
{%- set value = var(name) -%}
{%- if value is none -%} null
{%- elif value is boolean -%} {{ value | lower }}
{%- elif value is string -%} '{{ value }}'
{%- else -%} {{ value }}
{%- endif -%}
{%- endmacro %}
