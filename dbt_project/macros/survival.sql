{# The curve of Kaplan and Meier of each cell, whose columns are given. Each row of the durations is a cell, a number
   of days, how many were seen for so long (observed_count), and to how many of them the event came then
   (event_count); the others are censored: it had not come when they were last seen. #}
{% macro survival_curve(durations, cell) -%}
{%- set cell = cell | join(', ') -%}
select
    *,
    -- the product of the shares that stay, as a sum of logarithms: no engine need know products
    sum(ln(cast(nullif(at_risk_count - event_count, 0) as double) / at_risk_count)) over (
        partition by {{ cell }}
        order by days asc
        rows between unbounded preceding and current row
    ) as log_survival
from (
    -- at risk after so many days is who was seen for so many or more
    select
        *,
        sum(observed_count) over (
            partition by {{ cell }}
            order by days desc
            rows between unbounded preceding and current row
        ) as at_risk_count
    from {{ durations }}
) as at_risk
{%- endmacro %}

{# Whether at most half are left. The margin keeps a curve that is exactly one half from missing it by the last
   binary digit. #}
{% macro is_half_gone() -%}
(at_risk_count = event_count or log_survival <= ln(0.5) + 1e-9)
{%- endmacro %}

{# The share that is left. #}
{% macro survival() -%}
case when at_risk_count = event_count then 0.0e0 else exp(log_survival) end
{%- endmacro %}
