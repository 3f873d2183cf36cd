{# The four bounds between the quintiles of a column, found in one sort of it, and one of them by its number. #}
{% macro quintile_cuts(column) -%}
{{ return(adapter.dispatch('quintile_cuts')(column)) }}
{%- endmacro %}

{% macro default__quintile_cuts(column) -%}
quantile_cont(cast({{ column }} as double), [0.2, 0.4, 0.6, 0.8])
{%- endmacro %}

{% macro spark__quintile_cuts(column) -%}
percentile(cast({{ column }} as double), array(0.2, 0.4, 0.6, 0.8))
{%- endmacro %}

{% macro quintile_cut_of(cuts, quintile) -%}
{{ return(adapter.dispatch('quintile_cut_of')(cuts, quintile)) }}
{%- endmacro %}

{% macro default__quintile_cut_of(cuts, quintile) -%}
{{ cuts }}[{{ quintile }}]
{%- endmacro %}

{% macro spark__quintile_cut_of(cuts, quintile) -%}
element_at({{ cuts }}, {{ quintile }})
{%- endmacro %}
