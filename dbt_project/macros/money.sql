{# Core carries money unrounded: wide enough that no sum of cents is lost on the way. #}
{% macro money(amount) -%}
cast({{ amount }} as decimal(28, 8))
{%- endmacro %}

{# Marts round once, half away from zero, which is how both engines cast decimals. #}
{% macro rounded_money(amount) -%}
cast(round({{ money(amount) }}, 2) as decimal(18, 2))
{%- endmacro %}

{# An amount at a rate that may be 1 over another: exact to eight digits, null without a rate. #}
{% macro at_rate(amount, rate='exchange_rate') -%}
{{ money('cast(' ~ amount ~ ' as double) * ' ~ rate) }}
{%- endmacro %}

{# The rate of a joined row of int_exchange_rates; the reporting currency needs none. #}
{% macro rate_or_one(currency, rate) -%}
case when {{ currency }} = '{{ var("reporting_currency") }}' then 1.0e0 else {{ rate }} end
{%- endmacro %}
