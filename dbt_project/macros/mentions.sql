{# Every place where a source names a customer or a lead: the staged table, its id column, the day that the
   row is dated by, and whether the person did something on it. A name without a day is known from its load. #}
{% macro mentions() -%}
{{ return([
    {'staged': 'stg_customers', 'day': 'created_on', 'is_undated_record': 'created_on is null'},
    {'staged': 'stg_customers_versions', 'is_activity': 'false'},
    {'staged': 'stg_customers', 'id': 'merged_into_id', 'is_activity': 'false'},
    {'staged': 'stg_leads', 'day': 'created_on'},
    {'staged': 'stg_leads', 'day': 'created_on', 'type': 'lead', 'id': 'lead_id'},
    {'staged': 'stg_opportunities', 'day': 'created_on'},
    {'staged': 'stg_opportunities', 'day': 'created_on', 'type': 'lead', 'id': 'lead_id'},
    {'staged': 'stg_orders', 'day': 'ordered_on'},
    {'staged': 'stg_refunds', 'day': 'refunded_on'},
    {'staged': 'stg_subscriptions', 'day': 'started_on'},
    {'staged': 'stg_subscriptions', 'day': 'updated_on', 'is_activity': 'false'},
    {'staged': 'stg_web_events', 'day': 'occurred_on'},
    {'staged': 'stg_interactions', 'day': 'occurred_on'},
    {'staged': 'stg_interactions', 'day': 'occurred_on', 'type': 'lead', 'id': 'lead_id'},
    {'staged': 'stg_tickets', 'day': 'opened_on'},
    {'staged': 'stg_survey_responses', 'day': 'responded_on',
        'is_activity': "score is not null or question_type = 'text'",
        'is_undated_record': 'sent_on is null and responded_on is null'},
    {'staged': 'stg_survey_responses', 'day': 'sent_on', 'is_activity': 'false'},
    {'staged': 'stg_campaign_touches', 'day': 'touched_on',
        'is_activity': "action in ('clicked', 'converted')"},
    {'staged': 'stg_loyalty_movements', 'day': 'occurred_on'},
    {'staged': 'stg_consents', 'day': 'recorded_on'},
    {'staged': 'stg_erasure_requests', 'day': 'requested_on', 'is_activity': 'false'},
]) }}
{%- endmacro %}

{# The mentions as rows: who is named, when, and since when we know. #}
{% macro mentioned_ids() -%}
{%- for mention in mentions() -%}
{%- set id = mention.id or 'customer_id' -%}
{%- set type = mention.type or 'customer' -%}
select
    source_system,
    '{{ type }}' as identity_type,
    {{ id }} as source_customer_id,
    {{ mention.day or 'cast(null as date)' }} as happened_on,
    {{ mention.is_activity or 'true' }} as is_activity,
    {{ mention.is_undated_record or 'false' }} as is_undated_record,
    known_at
from {{ ref(mention.staged) }}
where {{ id }} is not null and {{ only_touched(['source_system', "'" ~ type ~ "'", id]) }}
{{ 'union all' if not loop.last }}
{% endfor -%}
{%- endmacro %}

{# Who is named in rows that came, went or happened since the last build. #}
{% macro touched_ids() -%}
{%- for mention in mentions() -%}
{%- set id = mention.id or 'customer_id' -%}
select source_system, '{{ mention.type or 'customer' }}', {{ id }} from {{ changes(mention.staged) }}
where {{ id }} is not null
{%- if mention.day %}
union all
select source_system, '{{ mention.type or 'customer' }}', {{ id }} from {{ ref(mention.staged) }}
where {{ id }} is not null and {{ ripened(mention.day) }}
{%- endif %}
{{ 'union all' if not loop.last }}
{% endfor -%}
{%- endmacro %}
