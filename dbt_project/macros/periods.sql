{# Calendar periods by the name of their grain: the grain is a column or a quoted literal. #}

{% macro period_start(grain, day) -%}
case {{ grain }}
    when 'week' then {{ start_of_week(day) }}
    when 'month' then cast({{ dbt.date_trunc('month', day) }} as date)
    when 'quarter' then cast({{ dbt.date_trunc('quarter', day) }} as date)
    when 'year' then cast({{ dbt.date_trunc('year', day) }} as date)
end
{%- endmacro %}

{# The first day after the period that starts on this day. #}
{% macro period_end(grain, start) -%}
case {{ grain }}
    when 'week' then {{ days_after(start, 7) }}
    when 'month' then cast({{ dbt.dateadd('month', 1, start) }} as date)
    when 'quarter' then cast({{ dbt.dateadd('month', 3, start) }} as date)
    when 'year' then cast({{ dbt.dateadd('month', 12, start) }} as date)
end
{%- endmacro %}

{# How many periods lie between the starts of two of them. #}
{% macro periods_between(grain, earlier, later) -%}
cast(case {{ grain }}
    when 'week' then {{ dbt.datediff(earlier, later, 'day') }} / 7
    when 'month' then {{ dbt.datediff(earlier, later, 'month') }}
    when 'quarter' then {{ dbt.datediff(earlier, later, 'month') }} / 3
    when 'year' then {{ dbt.datediff(earlier, later, 'month') }} / 12
end as integer)
{%- endmacro %}

{# How many periods of that name the calendar counts from one day to another; 0 within one. #}
{% macro calendar_gap(grain, earlier, later) -%}
{%- set quoted = "'" ~ grain ~ "'" -%}
{{ periods_between(quoted, period_start(quoted, earlier), period_start(quoted, later)) }}
{%- endmacro %}
