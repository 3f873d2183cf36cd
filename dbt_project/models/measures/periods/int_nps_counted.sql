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
        {{ period_end('period_grain', 'period_start') }} as period_end
    from calendar_starts
),

periods as (
    select
        period_grain,
        period_start,
        period_end,
        {{ days_after('period_end', '-' ~ parameter('nps_window_days')) }} as window_opens_on,
        false as is_everything
    from calendar_periods
    union all
    select
        'all' as period_grain,
        first_on as period_start,
        {{ days_after(as_of_date(), 1) }} as period_end,
        first_on as window_opens_on,
        true as is_everything
    from first_days
),

answers as (
    select * from responses
    where category is not null
),

named_answers as (
    select
        periods.period_grain,
        periods.period_start,
        periods.period_end,
        answers.survey_id,
        answers.survey_response_key
    from answers
    inner join periods
    on
        periods.is_everything
        or (
            answers.responded_on >= periods.period_start
            and answers.responded_on < periods.period_end
        )
),

last_answers as (
    select
        periods.period_grain,
        periods.period_start,
        periods.period_end,
        'all' as survey_id,
        answers.survey_response_key
    from answers
    inner join periods
    on
        periods.is_everything
        or (
            answers.responded_on >= periods.window_opens_on
            and answers.responded_on < periods.period_end
        )
    qualify row_number() over (
        partition by periods.period_grain, periods.period_start, answers.respondent_key
        order by
            answers.responded_on desc nulls last,
            answers.responded_at desc nulls last,
            answers.survey_response_key desc
    ) = 1
),

invitations as (
    select
        periods.period_grain,
        periods.period_start,
        periods.period_end,
        responses.survey_id,
        responses.survey_response_key
    from responses
    inner join periods
    on
        responses.sent_on >= periods.period_start
        and responses.sent_on < periods.period_end
),

counted as (
    select
        *,
        false as is_invitation
    from named_answers
    union all
    select
        *,
        false as is_invitation
    from last_answers
    union all
    select
        *,
        true as is_invitation
    from invitations
    union all
    select
        period_grain,
        period_start,
        period_end,
        'all' as survey_id,
        survey_response_key,
        true as is_invitation
    from invitations
),

described as (
    select
        counted.period_grain,
        counted.period_start,
        counted.period_end,
        counted.survey_id,
        counted.survey_response_key,
        counted.is_invitation,
        responses.category,
        responses.acquisition_channel,
        responses.acquisition_country,
        responses.touchpoint,
        case
            when counted.is_invitation then responses.stage_when_sent
            else responses.stage_when_answered
        end as stage
    from counted
    inner join responses on counted.survey_response_key = responses.survey_response_key
)

select * from described
