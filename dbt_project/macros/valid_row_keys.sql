{# Every version of every valid row by its key alone, over all feed tables. #}
{% macro valid_row_keys() -%}
{% set tables = [
    'customers', 'leads', 'opportunities', 'orders', 'order_lines', 'refunds', 'products',
    'subscriptions', 'web_events', 'interactions', 'tickets', 'survey_responses', 'campaigns',
    'campaign_touches', 'marketing_spend', 'loyalty_movements', 'employees', 'exchange_rates',
    'consents', 'erasure_requests', 'targets',
] -%}
{% for table in tables -%}
select
    source_system,
    cast('{{ table }}' as string) as table_name,
    load_id,
    row_number,
    row_key
from {{ source('feed', table) }}
{%- if not loop.last %}
union all
{% endif -%}
{% endfor -%}
{%- endmacro %}
