{% materialization repaired, adapter='duckdb' %}
  {%- if not is_repair() -%}
    {{ return(materialization_table_duckdb()) }}
  {%- endif -%}

  {%- set target_relation = this.incorporate(type='table') -%}
  {%- set key = config.require('repair_key') | join(', ') -%}
  {%- set touched_sql = config.get('touched') -%}
  {%- set recomputed = 'recomputed__' ~ this.identifier -%}
  {%- set former = target_relation -%}

  {{ run_hooks(pre_hooks, inside_transaction=False) }}
  {{ run_hooks(pre_hooks, inside_transaction=True) }}

  {% if touched_sql %}
    {% set former -%}
      (select * from {{ target_relation }} where ({{ key }}) in (select * from {{ touched(this) }}))
    {%- endset %}
    {% call statement('find_touched') -%}
      create or replace table {{ touched(this) }} as
      select distinct * from ({{ render(touched_sql) }}) as keys
    {%- endcall %}
  {% endif %}

  {% call statement('recompute') -%}
    create or replace temp table {{ recomputed }} as ({{ compiled_code }})
  {%- endcall %}

  {% call statement('compare') -%}
    create or replace table {{ changes(this.identifier) }} as
    select *, false as is_added from (select * from {{ former }} except all select * from {{ recomputed }})
    union all by name
    select *, true as is_added from (select * from {{ recomputed }} except all select * from {{ former }})
  {%- endcall %}

  {% call statement('take_away') -%}
    delete from {{ target_relation }} where ({{ key }}) in (select {{ key }} from {{ changes(this.identifier) }})
  {%- endcall %}

  {% call statement('main') -%}
    insert into {{ target_relation }} by name
    select * from {{ recomputed }} where ({{ key }}) in (select {{ key }} from {{ changes(this.identifier) }})
  {%- endcall %}

  {% call statement('forget') -%}
    drop table {{ recomputed }}
  {%- endcall %}

  {{ run_hooks(post_hooks, inside_transaction=True) }}
  {{ adapter.commit() }}
  {{ run_hooks(post_hooks, inside_transaction=False) }}
  {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
