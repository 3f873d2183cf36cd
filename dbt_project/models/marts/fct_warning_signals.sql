with

spells as (
    select * from {{ ref('int_warning_spells') }}
),

-- of a customer who was deleted meanwhile nobody knows what came
with_outcome as (
    select
        *,
        case
            when closed_on is null then 'open'
            when closed_on = lost_on then 'lost'
            when closed_on = deleted_on then null
            else 'recovered'
        end as outcome
    from spells
)

select
    cast(customer_key as string) as customer_key,
    cast(rule as string) as rule,
    cast(severity as string) as severity,
    cast(outcome as string) as outcome,
    cast(baseline_basis as string) as baseline_basis,
    cast(evidence_type as string) as evidence_type,
    cast(evidence_key as string) as evidence_key,
    cast(baseline_value as double) as baseline_value,
    cast(observed_value as double) as observed_value,
    cast(
        case
            when outcome = 'lost'
                then
                    {{ dbt.datediff('opened_on', 'lost_on', 'day') }}
        end as integer
    ) as lead_days,
    cast(evidence_on as date) as evidence_on,
    cast(opened_on as date) as opened_on,
    cast(closed_on as date) as closed_on,
    {{ as_of_date() }} as as_of_date
from with_outcome
