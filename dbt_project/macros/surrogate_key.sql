{# Our key of their parts: a control character parts them and another stands for null, so ('a', null) is
   neither ('a') nor ('a', ''). #}
{% macro surrogate_key(parts) -%}
md5(
    {%- for part in parts %}
    coalesce(cast({{ part }} as {{ dbt.type_string() }}), chr(30)) {%- if not loop.last %} || chr(31) ||{% endif %}
    {%- endfor %}
)
{%- endmacro %}
