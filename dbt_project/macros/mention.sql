{# Rows of a staged table that name a customer or lead, with their day and whether the person did something. #}
{% macro mention(relation, happened_on, is_activity='true', identity_type='customer', id='customer_id', is_undated_record='false') -%}
select
    source_system,
    '{{ identity_type }}' as identity_type,
    {{ id }} as source_customer_id,
    {{ happened_on }} as happened_on,
    {{ is_activity }} as is_activity,
    {{ is_undated_record }} as is_undated_record,
    known_at
from {{ relation }}
where {{ id }} is not null
{%- endmacro %}
