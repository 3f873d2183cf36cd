{# The local day of an instant kept in naive UTC, in the reporting time zone. #}
{% macro local_date(instant) -%}
{{ return(adapter.dispatch('local_date')(instant)) }}
{%- endmacro %}

{% macro default__local_date(instant) -%}
cast({{ instant }} at time zone 'UTC' at time zone '{{ var("reporting_timezone") }}' as date)
{%- endmacro %}

{% macro spark__local_date(instant) -%}
cast(from_utc_timestamp({{ instant }}, '{{ var("reporting_timezone") }}') as date)
{%- endmacro %}
