{# Tables and views of DuckDB where they are to stand. dbt's own are built beside what was there and renamed, for
   readers who look on; nobody looks on here, since readers have the publication, and the renaming takes longer
   than most tables. #}
{% materialization table, adapter='duckdb' %}
  {{ return(built_in_place(this.incorporate(type='table'))) }}
{% endmaterialization %}

{% materialization view, adapter='duckdb' %}
  {{ return(built_in_place(this.incorporate(type='view'))) }}
{% endmaterialization %}

{% macro built_in_place(relation) -%}
  {{ run_hooks(pre_hooks, inside_transaction=False) }}
  {{ run_hooks(pre_hooks, inside_transaction=True) }}
  {{ drop_relation_if_exists(load_cached_relation(this)) }}
  {% call statement('main') -%}
    {{ create_view_as(relation, compiled_code) if relation.is_view else create_table_as(False, relation, compiled_code) }}
  {%- endcall %}
  {% do persist_docs(relation, model) %}
  {{ run_hooks(post_hooks, inside_transaction=True) }}
  {{ adapter.commit() }}
  {{ run_hooks(post_hooks, inside_transaction=False) }}
  {{ return({'relations': [relation]}) }}
{%- endmacro %}
