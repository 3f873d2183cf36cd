{# The instant, in naive UTC, at which a local day begins in the reporting time zone. #}
{% macro start_of_local_day(day) -%}
{{ return(adapter.dispatch('start_of_local_day')(day)) }}
{%- endmacro %}

{% macro default__start_of_local_day(day) -%}
cast({{ day }} as timestamp) at time zone '{{ var("reporting_timezone") }}' at time zone 'UTC'
{%- endmacro %}

{% macro spark__start_of_local_day(day) -%}
to_utc_timestamp(cast({{ day }} as timestamp), '{{ var("reporting_timezone") }}')
{%- endmacro %}
