{# What warnings that compare a figure with the customer's own past have in common. #}

{# A figure of the baseline's days as of as many days as the recent window has. #}
{% macro as_of_recent_days(figure) -%}
cast({{ figure }} as double) * {{ parameter('signal_recent_days') }} / {{ parameter('signal_baseline_days') }}
{%- endmacro %}

{# How many days, but for the day itself, a window of the sum of these parameters' days has: engines and linters take
   no sums as bounds of windows. #}
{% macro days_beside() -%}
{%- set days = namespace(sum=0) -%}
{%- for name in varargs -%}{%- set days.sum = days.sum + var(name) -%}{%- endfor -%}
{{ days.sum - 1 }}
{%- endmacro %}

{# 1 where a figure has fallen against its baseline, 0 where it stands as high as to call that over, null between: a
   warning that opened at the one does not close until the other. Nothing can fall from nothing. #}
{% macro fallen_or_recovered(observed, baseline) -%}
case
    when
        {{ baseline }} > 0
        and {{ observed }} <= (1 - {{ parameter('signal_drop_ratio') }}) * {{ baseline }}
        then 1
    when {{ observed }} >= {{ parameter('signal_recovery_ratio') }} * {{ baseline }} then 0
end
{%- endmacro %}
