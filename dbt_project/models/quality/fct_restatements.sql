with

-- what was sold stays sold, whatever is paid back
figures as (
    select
        *,
        metric = 'gross_amount' as is_gross
    from {{ ref('int_restated_figures') }}
),

evidence as (
    select * from {{ ref('int_restatement_evidence') }}
),

publication as (
    select * from {{ source('former', 'publication') }}
),

run as (
    select * from {{ source('lake', 'run') }}
),

told_before as (
    select * from {{ source('former', 'fct_restatements') }}
),

cells as (
    select distinct
        customer_key,
        is_money,
        is_gross,
        is_accumulated,
        period_start,
        closes_on
    from figures
),

-- a sum over customers does not say whom it holds: only the days of the evidence can touch it
evidence_by_day as (
    select distinct
        cause,
        precedence_number,
        customer_key is null as is_of_everybody,
        is_of_money,
        touched_from,
        touched_until
    from evidence
),

explanations as (
    select
        cells.*,
        evidence.precedence_number
    from cells
    inner join evidence
    on
        cells.customer_key = evidence.customer_key
        and (
            evidence.cause not in ('refund', 'exchange_rate')
            or (
                (cells.is_money or not evidence.is_of_money)
                and not (cells.is_gross and evidence.is_of_money and evidence.cause = 'refund')
                and cells.closes_on > evidence.touched_from
                and (
                    cells.is_accumulated
                    or coalesce(cells.period_start < evidence.touched_until, true)
                )
            )
        )
    union all
    select
        cells.*,
        evidence_by_day.precedence_number
    from cells
    inner join evidence_by_day
    on
        (cells.customer_key is null or evidence_by_day.is_of_everybody)
        and (cells.is_money or not evidence_by_day.is_of_money)
        and not (
            cells.is_gross and evidence_by_day.is_of_money and evidence_by_day.cause = 'refund'
        )
        and coalesce(cells.closes_on > evidence_by_day.touched_from, true)
        and (
            cells.is_accumulated
            or coalesce(cells.period_start < evidence_by_day.touched_until, true)
        )
),

explained as (
    select
        customer_key,
        is_money,
        is_gross,
        is_accumulated,
        period_start,
        closes_on,
        min(precedence_number) as precedence_number
    from explanations
    group by customer_key, is_money, is_gross, is_accumulated, period_start, closes_on
),

causes as (
    select distinct
        precedence_number,
        cause
    from evidence
),

told_now as (
    select
        figures.table_name,
        figures.cell_key,
        figures.metric,
        coalesce(causes.cause, 'late_row') as cause,
        figures.label_before,
        figures.label_after,
        figures.value_before,
        figures.value_after,
        figures.period_start,
        publication.published_at,
        run.started_at as changed_at
    from figures
    cross join publication
    cross join run
    left join explained
    on
        coalesce(figures.customer_key, '') = coalesce(explained.customer_key, '')
        and figures.is_money = explained.is_money
        and figures.is_gross = explained.is_gross
        and figures.is_accumulated = explained.is_accumulated
        and figures.period_start = explained.period_start
        and figures.closes_on = explained.closes_on
    left join causes on explained.precedence_number = causes.precedence_number
),

told as (
    select
        table_name,
        cell_key,
        metric,
        cause,
        label_before,
        label_after,
        value_before,
        value_after,
        period_start,
        published_at,
        changed_at
    from told_before
    union all
    select * from told_now
)

select
    cast(table_name as string) as table_name,
    cast(cell_key as string) as cell_key,
    cast(metric as string) as metric,
    cast(cause as string) as cause,
    cast(label_before as string) as label_before,
    cast(label_after as string) as label_after,
    cast(value_before as double) as value_before,
    cast(value_after as double) as value_after,
    cast(period_start as date) as period_start,
    cast(published_at as timestamp) as published_at,
    cast(changed_at as timestamp) as changed_at
from told
