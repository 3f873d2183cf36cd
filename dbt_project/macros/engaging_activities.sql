{# The activities that make somebody more than a name we know; an opportunity is reached through one. #}
{% macro engaging_activities() -%}
'lead_contacted', 'interaction_received', 'ticket_opened', 'survey_answered',
'campaign_clicked', 'campaign_converted', 'web_session'
{%- endmacro %}
