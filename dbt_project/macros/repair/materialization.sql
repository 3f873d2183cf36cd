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

  {#- Equal rows cancel out, and each that is left over is told as often as it is: one aggregate of both, which takes
      a quarter of what `except all` takes both ways. #}
  {% call statement('compare') -%}
    create or replace table {{ changes(this.identifier) }} as
    select * exclude (surplus, copy)
    from (
        select *, surplus > 0 as is_added, unnest(range(abs(surplus))) as copy
        from (
            select * exclude (row_sign), sum(row_sign)::bigint as surplus
            from (
                select *, -1 as row_sign from {{ former }}
                union all by name
                select *, 1 as row_sign from {{ recomputed }}
            )
            group by all
            having sum(row_sign) <> 0
        )
    )
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
