{# What a generic data test looks at: in a repair only the rows that came, since it saw the others before. #}
{% macro default__get_where_subquery(relation) -%}
{%- set conditions = [config.get('where')] if config.get('where') else [] -%}
{%- if is_repair() and execute -%}
{%- set nodes = graph.nodes.values() | selectattr('resource_type', 'equalto', 'model')
    | selectattr('name', 'equalto', relation.identifier) | list -%}
{%- if nodes and nodes[0].config.materialized == 'repaired' -%}
{%- set key = nodes[0].config.repair_key | join(', ') -%}
{%- do conditions.append('(' ~ key ~ ') in (select ' ~ key ~ ' from ' ~ changes(relation.identifier) ~ ' where is_added)') -%}
{%- endif -%}
{%- endif -%}
{%- if conditions -%}
{{ return('(select * from ' ~ relation ~ ' where ' ~ conditions | join(' and ') ~ ') as tested') }}
{%- else -%}
{{ return(relation) }}
{%- endif -%}
{%- endmacro %}
