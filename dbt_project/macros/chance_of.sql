{# The probability of log odds, 0 to 1, that no odds make overflow. #}
{% macro chance_of(log_odds) -%}
(1e0 / (1e0 + exp(least(-({{ log_odds }}), 7e2))))
{%- endmacro %}
