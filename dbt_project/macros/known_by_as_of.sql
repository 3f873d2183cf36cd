{# A value that came with an event: null while the event lies after the as-of date. #}
{% macro known_by_as_of(value, event_on) -%}
case when {{ event_on }} <= {{ as_of_date() }} then {{ value }} end
{%- endmacro %}
