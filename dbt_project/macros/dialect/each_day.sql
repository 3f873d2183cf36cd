{# One row per day from the first to the last, both included; stands in a select list. #}
{% macro each_day(first_day, last_day) -%}
{{ return(adapter.dispatch('each_day')(first_day, last_day)) }}
{%- endmacro %}

{% macro default__each_day(first_day, last_day) -%}
cast(
    unnest(generate_series(
        cast({{ first_day }} as timestamp), cast({{ last_day }} as timestamp), interval '1' day
    )) as date
)
{%- endmacro %}

{% macro spark__each_day(first_day, last_day) -%}
explode(sequence(cast({{ first_day }} as date), cast({{ last_day }} as date), interval 1 day))
{%- endmacro %}
