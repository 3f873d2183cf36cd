{# The quantile by linear interpolation between ranks (type 7) of the values in a named window. #}
{% macro running_quantile(column, quantile, window) -%}
{{ return(adapter.dispatch('running_quantile')(column, quantile, window)) }}
{%- endmacro %}

{% macro default__running_quantile(column, quantile, window) -%}
quantile_cont(cast({{ column }} as double), {{ quantile }}) over {{ window }}
{%- endmacro %}

{% macro spark__running_quantile(column, quantile, window) -%}
{%- set ranked = 'array_sort(collect_list(cast(' ~ column ~ ' as double)) over ' ~ window ~ ')' -%}
{%- set rank = '(count(' ~ column ~ ') over ' ~ window ~ ' - 1) * ' ~ quantile -%}
{%- set below = 'get(' ~ ranked ~ ', cast(floor(' ~ rank ~ ') as int))' -%}
{%- set above = 'get(' ~ ranked ~ ', cast(ceil(' ~ rank ~ ') as int))' -%}
({{ below }} + ({{ above }} - {{ below }}) * ({{ rank }} - floor({{ rank }})))
{%- endmacro %}
