with

snapshots as (
    select * from {{ ref('int_rfm_snapshots') }}
),

segments as (
    select * from {{ ref('rfm_segments') }}
    where recency_score_from is not null
),

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

-- Every combination is named once here, since a range join over all customers is slow.
named_scores as (
    select
        segments.segment,
        recency_scores.score as recency_score,
        frequency_scores.score as frequency_score,
        monetary_scores.score as monetary_score
    from segments
    inner join scores as recency_scores
    on
        segments.recency_score_from <= recency_scores.score
        and segments.recency_score_to >= recency_scores.score
    inner join scores as frequency_scores
    on
        segments.frequency_score_from <= frequency_scores.score
        and segments.frequency_score_to >= frequency_scores.score
    inner join scores as monetary_scores
    on
        segments.monetary_score_from <= monetary_scores.score
        and segments.monetary_score_to >= monetary_scores.score
),

quintiles as (
    select
        snapshot_on,
        {{ quintile_cuts('recency_days') }} as recency_cuts,
        {{ quintile_cuts('frequency_count') }} as frequency_cuts,
        {{ quintile_cuts('monetary_amount') }} as monetary_cuts
    from snapshots
    where frequency_count > 0
    group by snapshot_on
),

cuts as (
    select
        snapshot_on,
        {{ quintile_cut('recency_cuts', 1) }} as recency_cut_1,
        {{ quintile_cut('recency_cuts', 2) }} as recency_cut_2,
        {{ quintile_cut('recency_cuts', 3) }} as recency_cut_3,
        {{ quintile_cut('recency_cuts', 4) }} as recency_cut_4,
        {{ quintile_cut('frequency_cuts', 1) }} as frequency_cut_1,
        {{ quintile_cut('frequency_cuts', 2) }} as frequency_cut_2,
        {{ quintile_cut('frequency_cuts', 3) }} as frequency_cut_3,
        {{ quintile_cut('frequency_cuts', 4) }} as frequency_cut_4,
        {{ quintile_cut('monetary_cuts', 1) }} as monetary_cut_1,
        {{ quintile_cut('monetary_cuts', 2) }} as monetary_cut_2,
        {{ quintile_cut('monetary_cuts', 3) }} as monetary_cut_3,
        {{ quintile_cut('monetary_cuts', 4) }} as monetary_cut_4
    from quintiles
),

-- Few days since the last order are good, so the lowest quintile of days scores 5.
scored as (
    select
        snapshots.customer_key,
        snapshots.snapshot_on,
        snapshots.recency_days,
        snapshots.frequency_count,
        snapshots.monetary_amount,
        snapshots.frequency_count = 0 as is_lapsed,
        case
            when snapshots.frequency_count = 0 then 1
            else 6 - {{ quintile_of(
                'snapshots.recency_days',
                'cuts.recency_cut_1', 'cuts.recency_cut_2',
                'cuts.recency_cut_3', 'cuts.recency_cut_4'
            ) }}
        end as recency_score,
        case
            when snapshots.frequency_count = 0 then 1
            else {{ quintile_of(
                'snapshots.frequency_count',
                'cuts.frequency_cut_1', 'cuts.frequency_cut_2',
                'cuts.frequency_cut_3', 'cuts.frequency_cut_4'
            ) }}
        end as frequency_score,
        case
            when snapshots.frequency_count = 0 then 1
            else {{ quintile_of(
                'round(snapshots.monetary_amount, 6)',
                'cuts.monetary_cut_1', 'cuts.monetary_cut_2',
                'cuts.monetary_cut_3', 'cuts.monetary_cut_4'
            ) }}
        end as monetary_score
    from snapshots
    left join cuts on snapshots.snapshot_on = cuts.snapshot_on
),

segmented as (
    select
        scored.*,
        case when scored.is_lapsed then 'lapsed' else named_scores.segment end as segment
    from scored
    left join named_scores
    on
        scored.recency_score = named_scores.recency_score
        and scored.frequency_score = named_scores.frequency_score
        and scored.monetary_score = named_scores.monetary_score
),

with_former as (
    select
        *,
        lag(segment) over (
            partition by customer_key
            order by snapshot_on asc
        ) as previous_segment
    from segmented
),

-- The cuts join again at the end, so that no sort carries them along.
typed as (
    select
        cast(with_former.customer_key as string) as customer_key,
        cast(with_former.segment as string) as segment,
        cast(with_former.previous_segment as string) as previous_segment,
        cast(with_former.recency_days as integer) as recency_days,
        cast(with_former.frequency_count as bigint) as frequency_count,
        cast(with_former.monetary_amount as decimal(18, 2)) as monetary_amount,
        cast(with_former.recency_score as integer) as recency_score,
        cast(with_former.frequency_score as integer) as frequency_score,
        cast(with_former.monetary_score as integer) as monetary_score,
        cast(cuts.recency_cut_1 as double) as recency_cut_1,
        cast(cuts.recency_cut_2 as double) as recency_cut_2,
        cast(cuts.recency_cut_3 as double) as recency_cut_3,
        cast(cuts.recency_cut_4 as double) as recency_cut_4,
        cast(cuts.frequency_cut_1 as double) as frequency_cut_1,
        cast(cuts.frequency_cut_2 as double) as frequency_cut_2,
        cast(cuts.frequency_cut_3 as double) as frequency_cut_3,
        cast(cuts.frequency_cut_4 as double) as frequency_cut_4,
        cast(cuts.monetary_cut_1 as double) as monetary_cut_1,
        cast(cuts.monetary_cut_2 as double) as monetary_cut_2,
        cast(cuts.monetary_cut_3 as double) as monetary_cut_3,
        cast(cuts.monetary_cut_4 as double) as monetary_cut_4,
        cast(with_former.snapshot_on as date) as as_of_date
    from with_former
    left join cuts on with_former.snapshot_on = cuts.snapshot_on
)

select * from typed
