{# The upper bound of a quintile by linear interpolation between ranks (type 7), of those that quintile_cuts
   found, free of the last bits of floating point, so that a value equal to it is found equal. #}
{% macro quintile_cut(cuts, quintile) -%}
round({{ quintile_cut_of(cuts, quintile) }}, 6)
{%- endmacro %}

{# The quintile, 1 to 5 from below, of a value; one equal to a cut belongs below it. #}
{% macro quintile_of(column, cut_1, cut_2, cut_3, cut_4) -%}
case
    when cast({{ column }} as double) <= {{ cut_1 }} then 1
    when cast({{ column }} as double) <= {{ cut_2 }} then 2
    when cast({{ column }} as double) <= {{ cut_3 }} then 3
    when cast({{ column }} as double) <= {{ cut_4 }} then 4
    else 5
end
{%- endmacro %}
