-- who came and went explains the close from the opening, and a month opens as the one before closed
with

months as (
    select
        *,
        lag(period_end) over in_turn as former_period_end,
        lag(closing_count) over in_turn as former_closing_count
    from {{ ref('fct_stage_populations') }}
    window in_turn as (
        partition by scheme, scheme_stage
        order by period_start
    )
)

select
    scheme,
    scheme_stage,
    period_start
from months
where
    closing_count is distinct from opening_count + entered_count - exited_count
    or opening_count is distinct from coalesce(former_closing_count, 0)
    or former_period_end <> period_start
    or least(opening_count, entered_count, exited_count, closing_count) < 0
