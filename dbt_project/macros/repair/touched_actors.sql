{# Customers who did something new, corrected or happened by now, or who count otherwise than before. #}
{% macro touched_actors() -%}
select customer_key from {{ changes('dim_customers') }}
{%- for fact in [
    'fct_orders', 'fct_refunds', 'fct_subscriptions', 'fct_leads', 'fct_opportunities', 'fct_interactions',
    'fct_tickets', 'fct_survey_responses', 'fct_campaign_touches', 'fct_web_sessions',
] %}
union all
select customer_key from {{ changes(fact) }} where customer_key is not null
{%- endfor %}
{#- what else lies ahead is no fact yet: it changes its fact on the day that it happens -#}
{%- for activities in ['int_purchase_activities', 'int_pipeline_activities'] %}
union all
select customer_key from {{ ref(activities) }} where {{ ripened('occurred_on') }} and customer_key is not null
{%- endfor %}
{%- endmacro %}
