{# Whether an answer is one to the question of 0 to 10; scores of other scales say something else. #}
{% macro is_of_nps(answers) -%}
(
    {{ answers }}.question_type = 'nps'
    and coalesce({{ answers }}.scale_min, 0) = 0
    and coalesce({{ answers }}.scale_max, 10) = 10
)
{%- endmacro %}

{# Net promoter score of counted answers, -100 to 100; null without any. #}
{% macro net_promoter_score(promoters, detractors, answers) -%}
100.0e0 * (({{ promoters }}) - ({{ detractors }})) / nullif({{ answers }}, 0)
{%- endmacro %}

{# Adjusted Wald: the score as if there were three more answers, 3/4 of one a promoter's and 3/4 of
   one a detractor's, so that a handful of answers does not look certain. #}
{% macro adjusted_net_promoter_score(promoters, detractors, answers) -%}
{{ net_promoter_score(promoters ~ ' + 0.75e0', detractors ~ ' + 0.75e0', answers ~ ' + 3') }}
{%- endmacro %}

{# Half the width of the 95 % interval around the adjusted score. #}
{% macro adjusted_net_promoter_margin(promoters, detractors, answers) -%}
100.0e0 * 1.959964e0 * sqrt(
    (
        ({{ promoters }} + {{ detractors }} + 1.5e0) / ({{ answers }} + 3)
        - power((({{ promoters }}) - ({{ detractors }})) / cast({{ answers }} + 3 as double), 2)
    ) / ({{ answers }} + 3)
)
{%- endmacro %}
