with

lapse_churn as (
    select * from {{ ref('int_lapse_churn_periods') }}
),

contract_churn as (
    select * from {{ ref('int_contract_churn_periods') }}
),

-- a loss under contract is known once the grace is over, and the period with it
counted as (
    select
        'lapse' as churn_model,
        period_grain,
        period_start,
        period_end,
        period_end as closes_on,
        segment_type,
        segment_value,
        active_start_count,
        new_count,
        reactivated_count,
        lost_count,
        new_and_lost_count,
        active_start_count + new_count + reactivated_count - lost_count - new_and_lost_count
            as active_end_count,
        cast(null as bigint) as voluntary_lost_count,
        cast(null as bigint) as involuntary_lost_count
    from lapse_churn
    union all
    select
        'contract' as churn_model,
        period_grain,
        period_start,
        period_end,
        {{ days_after('period_end', parameter('contract_grace_days')) }} as closes_on,
        segment_type,
        segment_value,
        active_start_count,
        new_count,
        reactivated_count,
        lost_count,
        new_and_lost_count,
        active_end_count,
        voluntary_lost_count,
        involuntary_lost_count
    from contract_churn
),

-- each amount is rounded once
rounded as (
    select
        *,
        {{ days_after('period_end', parameter('contract_grace_days')) }} as closes_on,
        {{ rounded_money('start_amount') }} as start_cents,
        {{ rounded_money('new_amount') }} as new_cents,
        {{ rounded_money('reactivation_amount') }} as reactivation_cents,
        {{ rounded_money('expansion_amount') }} as expansion_cents,
        {{ rounded_money('contraction_amount') }} as contraction_cents,
        {{ rounded_money('churned_amount') }} as churned_cents,
        {{ rounded_money('end_amount') }} as end_cents,
        start_amount - churned_amount - contraction_amount as retained_amount,
        -- what neither came nor went nor changed is what the rates did
        {{ rounded_money(
            'end_amount - (start_amount + new_amount + reactivation_amount'
            ' + expansion_amount - contraction_amount - churned_amount)'
        ) }} as exchange_cents
    from contract_churn
),

residues as (
    select
        *,
        end_cents - (
            start_cents + new_cents + reactivation_cents + expansion_cents
            - contraction_cents - churned_cents + exchange_cents
        ) as residue,
        greatest(
            new_cents,
            reactivation_cents,
            expansion_cents,
            contraction_cents,
            churned_cents,
            abs(exchange_cents)
        ) as greatest_cents
    from rounded
),

-- the cents by which rounded amounts miss their sum go to the greatest movement; where nothing
-- moved the rates did
receivers as (
    select
        *,
        case
            when residue = 0 then 'none'
            when greatest_cents = 0 then 'exchange'
            when new_cents = greatest_cents then 'new'
            when churned_cents = greatest_cents then 'churned'
            when expansion_cents = greatest_cents then 'expansion'
            when contraction_cents = greatest_cents then 'contraction'
            when reactivation_cents = greatest_cents then 'reactivation'
            else 'exchange'
        end as residue_goes_to
    from residues
),

balanced as (
    select
        *,
        new_cents + case when residue_goes_to = 'new' then residue else 0 end as new_mrr,
        reactivation_cents
        + case when residue_goes_to = 'reactivation' then residue else 0 end as reactivation_mrr,
        expansion_cents
        + case when residue_goes_to = 'expansion' then residue else 0 end as expansion_mrr,
        contraction_cents
        - case when residue_goes_to = 'contraction' then residue else 0 end as contraction_mrr,
        churned_cents
        - case when residue_goes_to = 'churned' then residue else 0 end as churned_mrr,
        exchange_cents
        + case when residue_goes_to = 'exchange' then residue else 0 end as exchange_effect
    from receivers
)

select
    'logo' as basis,
    churn_model,
    period_grain,
    period_start,
    period_end,
    {{ maturity(period_end='closes_on') }} as maturity,
    segment_type,
    segment_value,
    cast(active_start_count as bigint) as active_start_count,
    cast(new_count as bigint) as new_count,
    cast(reactivated_count as bigint) as reactivated_count,
    cast(lost_count as bigint) as lost_count,
    cast(new_and_lost_count as bigint) as new_and_lost_count,
    cast(voluntary_lost_count as bigint) as voluntary_lost_count,
    cast(involuntary_lost_count as bigint) as involuntary_lost_count,
    cast(active_end_count as bigint) as active_end_count,
    cast(lost_count as double) / nullif(active_start_count, 0) as churn_ratio,
    cast({{ wilson_low('lost_count', 'active_start_count') }} as double) as churn_ci_low,
    cast({{ wilson_high('lost_count', 'active_start_count') }} as double) as churn_ci_high,
    cast(null as decimal(18, 2)) as start_mrr_amount,
    cast(null as decimal(18, 2)) as new_mrr_amount,
    cast(null as decimal(18, 2)) as reactivation_mrr_amount,
    cast(null as decimal(18, 2)) as expansion_mrr_amount,
    cast(null as decimal(18, 2)) as contraction_mrr_amount,
    cast(null as decimal(18, 2)) as churned_mrr_amount,
    cast(null as decimal(18, 2)) as exchange_effect_amount,
    cast(null as decimal(18, 2)) as end_mrr_amount,
    cast(null as double) as gross_revenue_churn_ratio,
    cast(null as double) as gross_revenue_retention_ratio,
    cast(null as double) as net_revenue_retention_ratio
from counted
union all
select
    'revenue' as basis,
    'contract' as churn_model,
    period_grain,
    period_start,
    period_end,
    {{ maturity(period_end='closes_on') }} as maturity,
    segment_type,
    segment_value,
    cast(null as bigint) as active_start_count,
    cast(null as bigint) as new_count,
    cast(null as bigint) as reactivated_count,
    cast(null as bigint) as lost_count,
    cast(null as bigint) as new_and_lost_count,
    cast(null as bigint) as voluntary_lost_count,
    cast(null as bigint) as involuntary_lost_count,
    cast(null as bigint) as active_end_count,
    cast(contraction_amount + churned_amount as double)
    / nullif(cast(start_amount as double), 0) as churn_ratio,
    cast(null as double) as churn_ci_low,
    cast(null as double) as churn_ci_high,
    cast(case when has_amounts then start_cents end as decimal(18, 2)) as start_mrr_amount,
    cast(case when has_amounts then new_mrr end as decimal(18, 2)) as new_mrr_amount,
    cast(case when has_amounts then reactivation_mrr end as decimal(18, 2))
        as reactivation_mrr_amount,
    cast(case when has_amounts then expansion_mrr end as decimal(18, 2)) as expansion_mrr_amount,
    cast(case when has_amounts then contraction_mrr end as decimal(18, 2))
        as contraction_mrr_amount,
    cast(case when has_amounts then churned_mrr end as decimal(18, 2)) as churned_mrr_amount,
    cast(
        case when has_amounts then exchange_effect end as decimal(18, 2)
    ) as exchange_effect_amount,
    cast(case when has_amounts then end_cents end as decimal(18, 2)) as end_mrr_amount,
    cast(contraction_amount + churned_amount as double)
    / nullif(cast(start_amount as double), 0) as gross_revenue_churn_ratio,
    cast(retained_amount as double)
    / nullif(cast(start_amount as double), 0) as gross_revenue_retention_ratio,
    cast(retained_amount + expansion_amount as double)
    / nullif(cast(start_amount as double), 0) as net_revenue_retention_ratio
from balanced
