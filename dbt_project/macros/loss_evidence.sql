{# What may tell why a customer was lost. #}

{# Whether a day lies so shortly before a loss that it may tell why: within the days after which silence is a loss. #}
{% macro is_shortly_before(day, lost_on) -%}
(
    {{ day }} <= {{ lost_on }}
    and {{ days_after(day, parameter('lapse_days')) }} > {{ lost_on }}
)
{%- endmacro %}

{# Whether a ticket was still open at the close of a day. #}
{% macro is_open_on(tickets, day) -%}
(
    {{ tickets }}.opened_on <= {{ day }}
    and coalesce({{ tickets }}.resolved_on > {{ day }}, true)
)
{%- endmacro %}

{# Whether something was owed for an order at the close of a day. #}
{% macro is_unpaid_on(orders, day) -%}
(
    {{ orders }}.net_value_amount > 0
    and coalesce({{ orders }}.paid_on > {{ day }}, true)
)
{%- endmacro %}

{# A detractor, or a score in the lower third of the scale of satisfaction or effort. #}
{% macro is_discontent(answers) -%}
case
    when {{ is_of_nps(answers) }} then {{ answers }}.score <= 6
    when {{ answers }}.question_type in ('nps', 'csat') then {{ is_in_lower_third(answers, 5) }}
    when {{ answers }}.question_type = 'ces' then {{ is_in_lower_third(answers, 7) }}
    else false
end
{%- endmacro %}

{% macro is_in_lower_third(answers, usual_scale_max) -%}
3 * ({{ answers }}.score - coalesce({{ answers }}.scale_min, 1))
    <= coalesce({{ answers }}.scale_max, {{ usual_scale_max }}) - coalesce({{ answers }}.scale_min, 1)
{%- endmacro %}
