with

counted as (
    select * from {{ ref('int_nps_counted') }}
),

segment_types as (
    select 'all' as segment_type
    union all
    select 'channel' as segment_type
    union all
    select 'country' as segment_type
    union all
    select 'stage' as segment_type
    union all
    select 'touchpoint' as segment_type
),

-- Answers alike in all that a segment asks about are one row before each segment sums them.
combinations as (
    select
        period_grain,
        period_start,
        period_end,
        survey_id,
        acquisition_channel,
        acquisition_country,
        stage,
        touchpoint,
        count(*) filter (where is_invitation) as invited_count,
        count(category) filter (where is_invitation) as answered_of_invited_count,
        count(*) filter (where not is_invitation) as response_count,
        count(*) filter (where not is_invitation and category = 'promoter') as promoter_count,
        count(*) filter (where not is_invitation and category = 'passive') as passive_count,
        count(*) filter (where not is_invitation and category = 'detractor') as detractor_count
    from counted
    group by 1, 2, 3, 4, 5, 6, 7, 8
),

-- Nobody knows the channel, country or stage of an anonymous answer: it counts in the total alone.
summed as (
    select
        combinations.period_grain,
        combinations.period_start,
        combinations.period_end,
        combinations.survey_id,
        segment_types.segment_type,
        case segment_types.segment_type
            when 'channel' then combinations.acquisition_channel
            when 'country' then combinations.acquisition_country
            when 'stage' then combinations.stage
            when 'touchpoint' then combinations.touchpoint
            else 'all'
        end as segment_value,
        sum(combinations.invited_count) as invited_count,
        sum(combinations.answered_of_invited_count) as answered_of_invited_count,
        sum(combinations.response_count) as response_count,
        sum(combinations.promoter_count) as promoter_count,
        sum(combinations.passive_count) as passive_count,
        sum(combinations.detractor_count) as detractor_count
    from combinations
    cross join segment_types
    group by 1, 2, 3, 4, 5, 6
),

scored as (
    select
        *,
        {{ net_promoter_score('promoter_count', 'detractor_count', 'response_count') }} as nps,
        case
            when response_count > 0
                then {{ adjusted_net_promoter_score(
                    'promoter_count', 'detractor_count', 'response_count'
                ) }}
        end as adjusted_nps,
        {{ adjusted_net_promoter_margin('promoter_count', 'detractor_count', 'response_count') }}
            as nps_margin
    from summed
    where segment_value is not null
),

typed as (
    select
        cast(period_grain as string) as period_grain,
        cast(survey_id as string) as survey_id,
        cast(segment_type as string) as segment_type,
        cast(segment_value as string) as segment_value,
        cast({{ maturity() }} as string) as maturity,
        cast(invited_count as bigint) as invited_count,
        cast(answered_of_invited_count as bigint) as answered_of_invited_count,
        cast(response_count as bigint) as response_count,
        cast(promoter_count as bigint) as promoter_count,
        cast(passive_count as bigint) as passive_count,
        cast(detractor_count as bigint) as detractor_count,
        cast(nps as double) as nps,
        cast(adjusted_nps as double) as adjusted_nps,
        case
            when adjusted_nps is not null
                then cast(greatest(adjusted_nps - nps_margin, -100) as double)
        end as nps_ci_low,
        case
            when adjusted_nps is not null
                then cast(least(adjusted_nps + nps_margin, 100) as double)
        end as nps_ci_high,
        cast(answered_of_invited_count as double) / nullif(invited_count, 0) as response_ratio,
        response_count >= {{ parameter('minimum_reportable_count') }} as is_reportable,
        cast(period_start as date) as period_start,
        cast(period_end as date) as period_end
    from scored
)

select * from typed
