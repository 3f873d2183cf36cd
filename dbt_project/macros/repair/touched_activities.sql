{# The facts of which an activity is new, corrected or happened by now, or counts otherwise than before, as activities
   name them; a session that its source gave no name goes by its customer. #}
{% macro touched_activities() -%}
{%- for fact, id in {
    'fct_orders': 'order_id', 'fct_refunds': 'refund_id', 'fct_subscriptions': 'subscription_id',
    'fct_leads': 'lead_id', 'fct_opportunities': 'opportunity_id', 'fct_interactions': 'interaction_id',
    'fct_tickets': 'ticket_id', 'fct_survey_responses': 'response_id', 'fct_campaign_touches': 'touch_id',
    'fct_web_sessions': 'coalesce(session_id, customer_key)',
}.items() -%}
select source_system, {{ id }} from {{ changes(fact) }} where customer_key is not null
union all
{% endfor -%}
{#- a refund takes away only what its order brought -#}
select source_system, refund_id from {{ ref('fct_refunds') }}
where order_key in (select order_key from {{ changes('fct_orders') }})
{#- what else lies ahead is no fact yet: it changes its fact on the day that it happens -#}
{%- for activities in ['int_purchase_activities', 'int_pipeline_activities'] %}
union all
select source_system, source_id from {{ ref(activities) }} where {{ ripened('occurred_on') }}
{%- endfor %}
{#- all that somebody did counts with who did it -#}
{%- for activities in ['int_purchase_activities', 'int_pipeline_activities', 'int_contact_activities'] %}
union all
select source_system, coalesce(source_id, customer_key) from {{ ref(activities) }}
where customer_key in (
    select customer_key from {{ changes('dim_customers') }}
    group by customer_key
    having count(*) = 1 or min(is_test) <> max(is_test) or min(is_guest) <> max(is_guest)
)
{%- endfor %}
{%- endmacro %}
