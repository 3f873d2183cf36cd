with

scores as (
    select 1 as score
    union all
    select 2 as score
    union all
    select 3 as score
    union all
    select 4 as score
    union all
    select 5 as score
),

combinations as (
    select
        recency_scores.score as recency_score,
        frequency_scores.score as frequency_score,
        monetary_scores.score as monetary_score
    from scores as recency_scores
    cross join scores as frequency_scores
    cross join scores as monetary_scores
)

select
    combinations.recency_score,
    combinations.frequency_score,
    combinations.monetary_score,
    count(segments.segment) as segment_count
from combinations
left join {{ ref('rfm_segments') }} as segments
on
    combinations.recency_score >= segments.recency_score_from
    and combinations.recency_score <= segments.recency_score_to
    and combinations.frequency_score >= segments.frequency_score_from
    and combinations.frequency_score <= segments.frequency_score_to
    and combinations.monetary_score >= segments.monetary_score_from
    and combinations.monetary_score <= segments.monetary_score_to
group by
    combinations.recency_score, combinations.frequency_score, combinations.monetary_score
having count(segments.segment) <> 1
