{# A name without the ways of writing it: new_lead, New-Lead and new lead are one. #}
{% macro plain_name(name) -%}
lower(trim(replace(replace({{ name }}, '_', ' '), '-', ' ')))
{%- endmacro %}
