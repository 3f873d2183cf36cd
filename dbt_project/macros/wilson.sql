{# Wilson's 95 % interval of a share; null of nothing. #}
{% macro wilson_low(successes, n) -%}
case
    when {{ n }} > 0 then greatest(0.0e0, {{ wilson_centre(successes, n) }} - {{ wilson_margin(successes, n) }})
end
{%- endmacro %}

{% macro wilson_high(successes, n) -%}
case
    when {{ n }} > 0 then least(1.0e0, {{ wilson_centre(successes, n) }} + {{ wilson_margin(successes, n) }})
end
{%- endmacro %}

{% macro wilson_centre(successes, n) -%}
((cast({{ successes }} as double) + {{ wilson_z() }} * {{ wilson_z() }} / 2)
/ (nullif(cast({{ n }} as double), 0) + {{ wilson_z() }} * {{ wilson_z() }}))
{%- endmacro %}

{% macro wilson_margin(successes, n) -%}
({{ wilson_z() }} * sqrt(
    greatest(0.0e0, cast({{ successes }} as double) * (cast({{ n }} as double) - cast({{ successes }} as double)))
    / nullif(cast({{ n }} as double), 0)
    + {{ wilson_z() }} * {{ wilson_z() }} / 4
) / (nullif(cast({{ n }} as double), 0) + {{ wilson_z() }} * {{ wilson_z() }}))
{%- endmacro %}

{% macro wilson_z() -%}
1.959964e0
{%- endmacro %}
