{# The rows that loads brought since the last build. #}
{% macro arrived(table) -%}
{{ return(api.Relation.create(database=target.get("database"), schema='arrived', identifier=table, type='view')) }}
{%- endmacro %}

{# The keys of a feed table of which a version came, or one that was written for later has become current. #}
{% macro touched_versions(table, key, updated_at=none) -%}
select source_system, {{ key | join(', ') }} from {{ arrived(table) }}
{%- if updated_at %}
union
select source_system, {{ key | join(', ') }} from {{ source('feed', table) }}
where {{ ripened_at(updated_at) }}
{%- endif %}
{%- endmacro %}

{# Every version of the keys in question. #}
{% macro all_versions(table, key) -%}
select * from {{ source('feed', table) }}
where {{ only_touched(['source_system'] + key) }}
{%- endmacro %}

{# Enough of the versions of the keys in question to find the current one of a table without updated_at, where
   the latest load holds: what came now comes before all that came earlier. #}
{% macro latest_versions(table) -%}
select * from {{ arrived(table) if is_repair() else source('feed', table) }}
{%- endmacro %}
