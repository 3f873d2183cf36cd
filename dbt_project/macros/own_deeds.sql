{# Whether an activity is the customer's own doing: what we, or the calendar, do to a customer breaks no silence. #}
{% macro is_own_deed(activity) -%}
{{ activity }} not in (
    'interaction_made', 'lead_contacted', 'lead_qualified', 'opportunity_quoted',
    'opportunity_lost', 'refund', 'subscription_ended'
)
{%- endmacro %}
