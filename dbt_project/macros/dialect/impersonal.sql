{# A text that people write by hand, without the e-mail addresses and telephone numbers that stray into it: a row of
   nine or more digits with little between them. #}
{% macro impersonal(text) -%}
{{ adapter.dispatch('impersonal')(text, '[^ @<>,;]+@[^ @<>,;]+', '[+]?[0-9]([ ()./-]{0,2}[0-9]){8,}') }}
{%- endmacro %}

{% macro default__impersonal(text, address, number) -%}
regexp_replace(regexp_replace({{ text }}, '{{ address }}', '***', 'g'), '{{ number }}', '***', 'g')
{%- endmacro %}

{% macro spark__impersonal(text, address, number) -%}
regexp_replace(regexp_replace({{ text }}, '{{ address }}', '***'), '{{ number }}', '***')
{%- endmacro %}
