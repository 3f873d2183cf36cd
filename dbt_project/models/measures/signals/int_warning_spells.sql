with

freshness as (
    select * from {{ source('lake', 'freshness') }}
),

activities as (
    select * from {{ ref('fct_activities') }}
),

loseable_spells as (
    select * from {{ ref('int_loseable_spells') }}
),

customers as (
    select * from {{ ref('dim_customers') }}
),

of_facts as (
    select * from {{ ref('int_discontent_warnings') }}
    union all
    select * from {{ ref('int_payment_warnings') }}
    union all
    select * from {{ ref('int_contract_warnings') }}
),

told as (
    select
        customer_key,
        source_system,
        rule,
        severity,
        case rule when 'satisfaction_drop' then 'own' else 'parameter' end as baseline_basis,
        evidence_type,
        evidence_key,
        baseline_value,
        observed_value,
        evidence_on,
        opens_on,
        closes_on
    from of_facts
    union all
    select
        customer_key,
        null as source_system,
        rule,
        severity,
        'own' as baseline_basis,
        case rule when 'spend_drop' then 'order' else 'activity' end as evidence_type,
        null as evidence_key,
        baseline_value,
        observed_value,
        null as evidence_on,
        opens_on,
        closes_on
    from {{ ref('int_drop_warnings') }}
    union all
    select
        customer_key,
        null as source_system,
        rule,
        severity,
        baseline_basis,
        'order' as evidence_type,
        null as evidence_key,
        baseline_value,
        observed_value,
        ordered_on as evidence_on,
        opens_on,
        closes_on
    from {{ ref('int_gap_warnings') }}
),

-- what a source has not told yet may be that all is well
late_sources as (
    select
        source_system,
        {{ local_date('max(complete_through)') }} as told_until
    from freshness
    group by source_system
    having {{ local_date('max(complete_through)') }} < {{ as_of_date() }}
),

late_customers as (
    select
        activities.customer_key,
        min(late_sources.told_until) as told_until,
        min(case when activities.activity = 'order' then late_sources.told_until end)
            as orders_told_until
    from activities
    inner join late_sources on activities.source_system = late_sources.source_system
    group by activities.customer_key
),

raised as (
    select told.*
    from told
    left join late_sources on told.source_system = late_sources.source_system
    left join late_customers
    on told.customer_key = late_customers.customer_key and told.source_system is null
    where
        told.opens_on <= {{ as_of_date() }}
        and told.opens_on <= coalesce(
            late_sources.told_until,
            case told.evidence_type
                when 'order' then late_customers.orders_told_until
                else late_customers.told_until
            end,
            {{ as_of_date() }}
        )
),

-- one warning while several of a rule hold at once
with_cover as (
    select
        *,
        max(coalesce(closes_on, cast('9999-12-31' as date))) over (
            partition by customer_key, rule
            order by opens_on, evidence_key
            rows between unbounded preceding and 1 preceding
        ) as covered_until
    from raised
),

numbered as (
    select
        *,
        sum(case when opens_on <= covered_until then 0 else 1 end) over (
            partition by customer_key, rule
            order by opens_on, evidence_key
            rows between unbounded preceding and current row
        ) as spell_number,
        row_number() over (
            partition by customer_key, rule
            order by opens_on, evidence_key
        ) as place
    from with_cover
),

spells as (
    select
        customer_key,
        rule,
        -- high comes first of all by its letters
        min(severity) as severity,
        min_by(baseline_basis, place) as baseline_basis,
        min_by(evidence_type, place) as evidence_type,
        min_by(evidence_key, place) as evidence_key,
        min_by(baseline_value, place) as baseline_value,
        min_by(observed_value, place) as observed_value,
        min_by(evidence_on, place) as evidence_on,
        min(opens_on) as opens_on,
        case when count(*) = count(closes_on) then max(closes_on) end as closes_on
    from numbered
    group by customer_key, rule, spell_number
),

-- who cannot be lost is not warned of
of_customers as (
    select
        spells.*,
        loseable_spells.lost_on,
        customers.deleted_on,
        greatest(spells.opens_on, loseable_spells.loseable_from) as opened_on,
        least(
            coalesce(spells.closes_on, cast('9999-12-31' as date)),
            coalesce(loseable_spells.lost_on, cast('9999-12-31' as date)),
            coalesce(customers.deleted_on, cast('9999-12-31' as date))
        ) as closed_on
    from spells
    inner join loseable_spells
    on
        spells.customer_key = loseable_spells.customer_key
        and coalesce(spells.closes_on, cast('9999-12-31' as date)) > loseable_spells.loseable_from
        and coalesce(loseable_spells.lost_on, cast('9999-12-31' as date)) > spells.opens_on
    inner join customers on spells.customer_key = customers.customer_key
),

-- a gap that was too long before there was anybody to lose has grown until then
told_on_its_day as (
    select
        *,
        {{ dbt.datediff('evidence_on', 'opened_on', 'day') }}
            as days_since_evidence
    from of_customers
)

select
    customer_key,
    rule,
    severity,
    baseline_basis,
    evidence_type,
    evidence_key,
    baseline_value,
    case rule
        when 'frequency_drop' then cast(days_since_evidence as double)
        else observed_value
    end as observed_value,
    evidence_on,
    opened_on,
    case when closed_on <= {{ as_of_date() }} then closed_on end as closed_on,
    lost_on,
    deleted_on
from told_on_its_day
where opened_on < closed_on
