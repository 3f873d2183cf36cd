with

responses as (
    select * from {{ ref('int_nps_responses') }}
),

period_grains as (
    select 'month' as period_grain
    union all
    select 'quarter' as period_grain
    union all
    select 'year' as period_grain
),

first_days as (
    select
        coalesce(
            least(
                coalesce(min(sent_on), min(responded_on)),
                coalesce(min(responded_on), min(sent_on))
            ),
            {{ as_of_date() }}
        ) as first_on
    from responses
),

days as (
    select {{ each_day('first_on', as_of_date()) }} as date_day
    from first_days
),

calendar_starts as (
    select distinct
        period_grains.period_grain,
        {{ period_start('period_grains.period_grain', 'days.date_day') }} as period_start
    from days
    cross join period_grains
),

calendar_periods as (
    select
        period_grain,
        period_start,
        {{ period_end('period_grain', 'period_start') }} as period_end,
        -- of a period that still runs the window ends with the as-of date
        {{ days_after(
            'least('
            ~ period_end('period_grain', 'period_start') ~ ', ' ~ days_after(as_of_date(), 1)
            ~ ')', '-' ~ parameter('nps_window_days')
        ) }} as window_opens_on
    from calendar_starts
),

everything as (
    select
        'all' as period_grain,
        first_on as period_start,
        {{ days_after(as_of_date(), 1) }} as period_end
    from first_days
),

answers as (
    select
        *,
        lead(responded_on) over in_turn as next_responded_on,
        lead(survey_response_key) over in_turn is null as is_last
    from responses
    where category is not null
    window in_turn as (
        partition by respondent_key
        order by
            responded_on asc nulls first,
            responded_at asc nulls first,
            survey_response_key asc
    )
),

invited_periods as (
    select
        period_grain,
        period_start,
        period_end
    from calendar_periods
    union all
    select
        period_grain,
        period_start,
        period_end
    from everything
),

invitations as (
    select
        invited_periods.period_grain,
        invited_periods.period_start,
        invited_periods.period_end,
        responses.survey_id,
        responses.survey_response_key,
        responses.category,
        responses.acquisition_channel,
        responses.acquisition_country,
        responses.touchpoint,
        responses.stage_when_sent as stage
    from responses
    inner join invited_periods
    on
        responses.sent_on >= invited_periods.period_start
        and responses.sent_on < invited_periods.period_end
),

-- Of a respondent's answers in a window the last one counts: none follows it by the window's end.
counted as (
    select
        calendar_periods.period_grain,
        calendar_periods.period_start,
        calendar_periods.period_end,
        answers.survey_id,
        false as is_invitation,
        answers.survey_response_key,
        answers.category,
        answers.acquisition_channel,
        answers.acquisition_country,
        answers.touchpoint,
        answers.stage_when_answered as stage
    from answers
    inner join calendar_periods
    on
        answers.responded_on >= calendar_periods.period_start
        and answers.responded_on < calendar_periods.period_end
    union all
    select
        calendar_periods.period_grain,
        calendar_periods.period_start,
        calendar_periods.period_end,
        'all' as survey_id,
        false as is_invitation,
        answers.survey_response_key,
        answers.category,
        answers.acquisition_channel,
        answers.acquisition_country,
        answers.touchpoint,
        answers.stage_when_answered as stage
    from answers
    inner join calendar_periods
    on
        answers.responded_on >= calendar_periods.window_opens_on
        and answers.responded_on < calendar_periods.period_end
    where
        answers.next_responded_on is null
        or answers.next_responded_on >= calendar_periods.period_end
    union all
    select
        everything.period_grain,
        everything.period_start,
        everything.period_end,
        answers.survey_id,
        false as is_invitation,
        answers.survey_response_key,
        answers.category,
        answers.acquisition_channel,
        answers.acquisition_country,
        answers.touchpoint,
        answers.stage_when_answered as stage
    from answers
    cross join everything
    union all
    select
        everything.period_grain,
        everything.period_start,
        everything.period_end,
        'all' as survey_id,
        false as is_invitation,
        answers.survey_response_key,
        answers.category,
        answers.acquisition_channel,
        answers.acquisition_country,
        answers.touchpoint,
        answers.stage_when_answered as stage
    from answers
    cross join everything
    where answers.is_last
    union all
    select
        period_grain,
        period_start,
        period_end,
        survey_id,
        true as is_invitation,
        survey_response_key,
        category,
        acquisition_channel,
        acquisition_country,
        touchpoint,
        stage
    from invitations
    union all
    select
        period_grain,
        period_start,
        period_end,
        'all' as survey_id,
        true as is_invitation,
        survey_response_key,
        category,
        acquisition_channel,
        acquisition_country,
        touchpoint,
        stage
    from invitations
)

select * from counted
