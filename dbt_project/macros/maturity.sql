{# Whether a period's figures can still change; period_end is exclusive and includes the measure's window. #}
{% macro maturity(period_start='period_start', period_end='period_end') -%}
case
    when {{ period_start }} > {{ as_of_date() }} then 'future'
    when {{ period_end }} <= {{ dbt.dateadd('day', 1, as_of_date()) }} then 'complete'
    else 'open'
end
{%- endmacro %}
