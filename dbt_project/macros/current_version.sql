{# Order of the versions of a key, the current one first. Where rows say when they were written: the latest
   written by the end of the as-of day, else the first one written after it; written at the same instant: the
   greater content hash. Where they do not say: the last one read of the latest load. #}
{% macro current_version_first(updated_at=none) -%}
{%- if updated_at %}
{%- set is_later = 'not ' ~ has_happened(updated_at) %}
case when {{ is_later }} then 1 else 0 end asc,
case when {{ is_later }} then {{ updated_at }} end asc nulls last,
{{ updated_at }} desc nulls last,
case when {{ updated_at }} is not null then content_hash end desc nulls last,
{%- endif %}
load_id desc nulls last,
row_number desc nulls last
{%- endmacro %}

{# The one rule for the current row of a key, as a condition of a qualify clause. #}
{% macro is_current_version(key, updated_at=none) -%}
row_number() over (
    partition by source_system, {{ key | join(', ') }}
    order by {{ current_version_first(updated_at) }}
) = 1
{%- endmacro %}
