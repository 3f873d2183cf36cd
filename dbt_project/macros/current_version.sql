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

{# The current version of each key among the rows of the CTE `versions`. Nearly every key has one, and only
   the others are worth sorting. #}
{% macro current_versions(key, updated_at=none) -%}
{%- set has_others -%}
exists (
    select 1 from repeated
    where
        repeated.source_system = versions.source_system
        {%- for column in key %}
        and repeated.{{ column }} is not distinct from versions.{{ column }}
        {%- endfor %}
)
{%- endset -%}
with repeated as (
    select source_system, {{ key | join(', ') }}
    from versions
    group by source_system, {{ key | join(', ') }}
    having count(*) > 1
)
select * from versions
where not {{ has_others }}
union all
select * from versions
where {{ has_others }}
qualify
    row_number() over (
        partition by source_system, {{ key | join(', ') }}
        order by {{ current_version_first(updated_at) }}
    ) = 1
{%- endmacro %}
