{# A table of which a run recomputes only the rows that something new can have changed.

   config(materialized='repaired', repair_key=[...], touched="select ...")

   `touched` is SQL, rendered when the model runs, that finds the keys to recompute from the `changes()` of
   what the model reads and from what the clock has made happen; the model's SQL keeps to them by
   `only_touched()`. It must find every key of which a row can differ: too many cost time, too few are wrong.
   Without `touched` the whole is recomputed and only what differs is written.
   Either way `changes(<model>)` then holds the rows that went and the rows that came, for the models that
   read this one. A full build is a plain table. #}

{% macro is_repair() -%}
{{ return(var('is_repair') | as_bool) }}
{%- endmacro %}

{# The rows of a repaired model that the last repair took away (is_added false) or brought (true). #}
{% macro changes(model_name) -%}
{{ return(api.Relation.create(
    database=target.get("database"), schema='changed', identifier=model_name, type='table'
)) }}
{%- endmacro %}

{# The keys that a repaired model recomputes in this run. #}
{% macro touched(relation) -%}
{{ return(api.Relation.create(
    database=target.get("database"), schema='touched', identifier=relation.identifier, type='table'
)) }}
{%- endmacro %}

{# A condition that keeps a repaired model's SQL to the keys it has to recompute; true in a full build. #}
{% macro only_touched(key) -%}
{%- if is_repair() -%}
({{ key | join(', ') }}) in (select * from {{ touched(this) }})
{%- else -%}
true
{%- endif -%}
{%- endmacro %}

{# Whether a day has come since the last build, and with it what was dated on it. #}
{% macro ripened(day) -%}
({{ day }} > cast('{{ var("former_as_of_date") }}' as date) and {{ day }} <= {{ as_of_date() }})
{%- endmacro %}

{# The same of an instant; spares the local day of every row. #}
{% macro ripened_at(instant) -%}
(
    {{ instant }} >= {{ start_of_local_day(dbt.dateadd('day', 1, "cast('" ~ var("former_as_of_date") ~ "' as date)")) }}
    and {{ has_happened(instant) }}
)
{%- endmacro %}

{# The rows of a staged table whose customer or lead is another than before. #}
{% macro of_changed_identities(staged, key, id='customer_id', identity_type='customer') -%}
select source_system, {{ key }} from {{ ref(staged) }}
where (source_system, {{ id }}) in (
    select source_system, source_customer_id from {{ changes('int_identities_resolved') }}
    where identity_type = '{{ identity_type }}'
)
{%- endmacro %}

{# The keys of an event's fact that is its staged row with the customer found: new, corrected, happened by
   now, or of another customer than before. #}
{% macro touched_events(staged, key, days, lead=none) -%}
select source_system, {{ key }} from {{ changes(staged) }}
union all
select source_system, {{ key }} from {{ ref(staged) }}
where {% for day in days %}{{ ripened(day) }}{{ ' or ' if not loop.last }}{% endfor %}
union all
{{ of_changed_identities(staged, key) }}
{%- if lead %}
union all
{{ of_changed_identities(staged, key, id=lead, identity_type='lead') }}
{%- endif %}
{%- endmacro %}
