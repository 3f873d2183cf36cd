{# How many whole months lie between two days; the last day of a month completes what began on a later one. #}
{% macro whole_months(first_day, last_day) -%}
(
    (year({{ last_day }}) - year({{ first_day }})) * 12
    + month({{ last_day }}) - month({{ first_day }})
    - case
        when day({{ last_day }}) < day({{ first_day }}) and {{ last_day }} <> last_day({{ last_day }}) then 1
        else 0
    end
)
{%- endmacro %}
