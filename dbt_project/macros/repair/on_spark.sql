{# The same repair on Spark, whose Parquet tables know neither update nor delete of rows. A table with a `day` lies
   in a partition per day, and only the days on which something differs are written again; any other table is
   written again whole, from its own rows and those that were computed, if anything differs at all. #}
{% materialization repaired, adapter='spark' %}
  {%- if not is_repair() -%}
    {{ return(materialization_table_spark()) }}
  {%- endif -%}

  {%- set target_relation = this.incorporate(type='table') -%}
  {%- set key = config.require('repair_key') -%}
  {%- set touched_sql = config.get('touched') -%}
  {%- set day = config.get('day') -%}
  {%- set recomputed = api.Relation.create(schema='recomputed', identifier=this.identifier, type='table') -%}
  {%- set changed = changes(this.identifier) -%}
  {%- set former = target_relation -%}
  {%- set columns = adapter.get_columns_in_relation(target_relation) | map(attribute='name') | join(', ') -%}

  {{ run_hooks(pre_hooks) }}

  {% if touched_sql %}
    {% set former -%}
      (select * from {{ target_relation }} where ({{ key | join(', ') }}) in (select * from {{ touched(this) }}))
    {%- endset %}
    {% do run_query(rewritten(touched(this), 'select distinct * from (' ~ render(touched_sql) ~ ') as keys')) %}
  {% endif %}
  {%- set is_touched = not touched_sql or has_rows(touched(this)) -%}
  {% if is_touched %}
    {% do run_query(rewritten(recomputed, compiled_code)) %}
    {% do run_query(rewritten(changed, difference(columns, former, recomputed))) %}
  {% else %}
    {%- set nothing = 'select ' ~ columns ~ ', true as is_added from ' ~ target_relation ~ ' where false' -%}
    {% do run_query(rewritten(changed, nothing)) %}
  {% endif %}

  {%- set differing = is_touched and has_rows(changed) -%}
  {% if differing and day %}
    {% do overwrite_days(target_relation, columns, key, day, recomputed, changed) %}
  {% elif differing %}
    {%- set aside = api.Relation.create(schema='recomputed', identifier=this.identifier ~ '__whole', type='table') -%}
    {% do run_query(rewritten(aside, repaired_rows(target_relation, columns, key, recomputed, changed))) %}
    {% do run_query('insert overwrite table ' ~ target_relation ~ ' select ' ~ columns ~ ' from ' ~ aside) %}
    {% do run_query('drop table ' ~ aside) %}
  {% endif %}

  {% call statement('main') -%}
    drop table if exists {{ recomputed }}
  {%- endcall %}
  {% if differing %}
    {% do persist_constraints(target_relation, model) %}
  {% endif %}

  {{ run_hooks(post_hooks) }}
  {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{# A table made of a query, whatever was there. #}
{% macro rewritten(relation, query) -%}
{%- do run_query('drop table if exists ' ~ relation) -%}
{{ return('create table ' ~ relation ~ ' using parquet as ' ~ query) }}
{%- endmacro %}

{% macro has_rows(relation) -%}
{{ return(run_query('select 1 from ' ~ relation ~ ' limit 1').rows | length > 0) }}
{%- endmacro %}

{# The rows that went and those that came, in one aggregate: equal rows cancel out, and each row that is left over
   is told as often as it is. #}
{% macro difference(columns, former, recomputed) -%}
select {{ columns }}, is_added
from (
    select {{ columns }}, sum(row_sign) as surplus
    from (
        select {{ columns }}, -1 as row_sign from {{ former }}
        union all
        select {{ columns }}, 1 as row_sign from {{ recomputed }}
    ) as counted
    group by {{ columns }}
    having sum(row_sign) <> 0
) as differing
lateral view explode(array_repeat(surplus > 0, cast(abs(surplus) as int))) as is_added
{%- endmacro %}

{# The rows as they are to stand, of which a condition holds: those of keys that do not differ, and those that were
   computed. #}
{% macro repaired_rows(relation, columns, key, recomputed, changed, condition='true') -%}
select {{ columns }} from {{ relation }}
left anti join (
    select {% for part in key %}{{ part }} as gone_{{ loop.index }}{{ ', ' if not loop.last }}{% endfor %}
    from {{ changed }}
) as gone
on {% for part in key %}{{ part }} <=> gone_{{ loop.index }}{{ ' and ' if not loop.last }}{% endfor %}
where {{ condition }}
union all
select {{ columns }} from {{ recomputed }}
where {{ condition }} and ({{ key | join(', ') }}) in (select {{ key | join(', ') }} from {{ changed }})
{%- endmacro %}

{# Write the days again on which rows went or came. Writing would leave a day alone of which no row is left, so
   that its partition is dropped first. #}
{% macro overwrite_days(relation, columns, key, day, recomputed, changed) -%}
{%- set days = days_in(changed, day) -%}
{%- set rows = '(' ~ repaired_rows(relation, columns, key, recomputed, changed, is_one_of(day, days)) ~ ')' -%}
{%- set left = days_in(rows, day) -%}
{%- for gone in days if gone not in left -%}
{%- do run_query('alter table ' ~ relation ~ ' drop if exists partition (' ~ day ~ ' = ' ~ day_literal(gone) ~ ')') -%}
{%- endfor -%}
{%- do run_query(
    'insert overwrite table ' ~ relation ~ ' partition (' ~ day ~ ')'
    ~ ' select ' ~ columns ~ ' from ' ~ rows ~ ' distribute by ' ~ day
) -%}
{%- endmacro %}

{% macro days_in(relation, day) -%}
{{ return(run_query('select distinct ' ~ day ~ ' from ' ~ relation).columns[0].values() | list) }}
{%- endmacro %}

{% macro day_literal(day) -%}
{{ return('null' if day is none else "date '" ~ day ~ "'") }}
{%- endmacro %}

{# Days by name, so that Spark opens no other partition. #}
{% macro is_one_of(column, days) -%}
({{ column }} in ({% for day in days %}{{ day_literal(day) }}{{ ', ' if not loop.last }}{% endfor %})
{{- ' or ' ~ column ~ ' is null' if none in days }})
{%- endmacro %}

{# A dated table lies in a partition per day, each written by one task so that it is one file. #}
{% macro spark__partition_cols(label, required=false) -%}
{%- if config.get('day') -%}
{{ label }} ({{ config.get('day') }})
{%- endif -%}
{%- endmacro %}

{% macro spark__get_select_subquery(sql) -%}
{{ default__get_select_subquery(sql) }}
{%- if config.get('day') %}
distribute by {{ config.get('day') }}
{%- endif -%}
{%- endmacro %}
