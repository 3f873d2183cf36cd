{# The rows of a repaired model that a sum over them has yet to learn of: all of them in a full build, else what
   came counted once and what went counted minus once, in the column row_sign. #}
{% macro rows_to_count(model_name) -%}
{%- if is_repair() -%}
select *, case when is_added then 1 else -1 end as row_sign from {{ changes(model_name) }}
{%- else -%}
select *, 1 as row_sign from {{ ref(model_name) }}
{%- endif -%}
{%- endmacro %}

{# The sums as they stood, to which a repair adds; nothing in a full build. Exact only of whole numbers and decimals. #}
{% macro and_former_sums(columns) -%}
{%- if is_repair() -%}
union all
select {{ columns | join(', ') }} from {{ this }}
{%- endif -%}
{%- endmacro %}

{# A figure of such a row as it counts; a product with the sign would cost engines digits of a decimal. #}
{% macro signed(figure) -%}
case when row_sign < 0 then -{{ figure }} else {{ figure }} end
{%- endmacro %}

{# The customers of what came and went in these models. #}
{% macro customers_of_changes(model_names) -%}
{%- for name in model_names -%}
select customer_key from {{ changes(name) }}
{{ 'union all' if not loop.last }}
{% endfor -%}
{%- endmacro %}
