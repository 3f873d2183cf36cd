with

spells as (
    select
        *,
        {{ days_after('opened_on', parameter('signal_outcome_days')) }} as judged_on
    from {{ ref('int_warning_spells') }}
),

losses as (
    select
        *,
        {{ days_after('lost_on', '-' ~ parameter('signal_outcome_days')) }} as foretellable_from
    from {{ ref('int_loseable_spells') }}
    where lost_on is not null
),

states as (
    select
        *,
        coalesce(exited_on, cast('9999-12-31' as date)) as stayed_until
    from {{ ref('int_stage_states') }}
),

base_rates as (
    select * from {{ ref('int_loss_base_rates') }}
),

judged as (
    select
        spells.*,
        base_rates.loss_ratio,
        spells.judged_on <= {{ as_of_date() }} as is_judged,
        coalesce(
            spells.judged_on <= {{ as_of_date() }} and spells.lost_on <= spells.judged_on, false
        ) as has_foretold,
        {{ dbt.datediff('spells.opened_on', 'spells.lost_on', 'day') }}
            as lead_days
    from spells
    left join states
    on
        spells.customer_key = states.customer_key
        and spells.opened_on >= states.entered_on
        and spells.opened_on < states.stayed_until
    left join base_rates on states.stage = base_rates.stage
),

-- any is of all rules together
by_rule as (
    select
        coalesce(rule, 'any') as rule,
        count(*) as spell_count,
        count(*) filter (where closed_on is null) as open_count,
        count(*) filter (where is_judged) as judged_count,
        count(*) filter (where has_foretold) as foretold_count,
        cast(
            sum(cast(loss_ratio as decimal(18, 9))) filter (where is_judged) as double
        ) / nullif(count(*) filter (where is_judged), 0) as base_ratio,
        percentile_disc(0.5) within group (order by case when has_foretold then lead_days end)
            as median_lead_days
    from judged
    group by rollup(rule)
),

warned_losses as (
    select
        coalesce(spells.rule, 'any') as rule,
        count(distinct losses.customer_key || ' ' || losses.lost_on) as warned_loss_count
    from losses
    inner join spells
    on
        losses.customer_key = spells.customer_key
        and losses.lost_on > spells.opened_on
        and losses.foretellable_from <= spells.opened_on
    group by rollup(spells.rule)
),

loss_counts as (
    select count(*) as loss_count from losses
),

measured as (
    select
        by_rule.*,
        loss_counts.loss_count,
        coalesce(warned_losses.warned_loss_count, 0) as warned_loss_count,
        by_rule.foretold_count / nullif(cast(by_rule.judged_count as double), 0)
            as precision_ratio
    from by_rule
    cross join loss_counts
    left join warned_losses on by_rule.rule = warned_losses.rule
)

select
    cast(rule as string) as rule,
    cast(spell_count as bigint) as spell_count,
    cast(open_count as bigint) as open_count,
    cast(judged_count as bigint) as judged_count,
    cast(foretold_count as bigint) as foretold_count,
    cast(loss_count as bigint) as loss_count,
    cast(warned_loss_count as bigint) as warned_loss_count,
    cast(median_lead_days as integer) as median_lead_days,
    cast(precision_ratio as double) as precision_ratio,
    cast({{ wilson_low('foretold_count', 'judged_count') }} as double) as precision_ci_low,
    cast({{ wilson_high('foretold_count', 'judged_count') }} as double) as precision_ci_high,
    cast(warned_loss_count / nullif(cast(loss_count as double), 0) as double) as recall_ratio,
    cast({{ wilson_low('warned_loss_count', 'loss_count') }} as double) as recall_ci_low,
    cast({{ wilson_high('warned_loss_count', 'loss_count') }} as double) as recall_ci_high,
    cast(base_ratio as double) as base_ratio,
    cast(precision_ratio / nullif(base_ratio, 0) as double) as lift,
    judged_count >= {{ parameter('minimum_reportable_count') }} as is_reportable,
    {{ as_of_date() }} as as_of_date
from measured
