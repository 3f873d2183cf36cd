with

states as (
    select * from {{ ref('int_stage_states') }}
),

schemes as (
    select * from {{ ref('map_lifecycle_schemes') }}
),

mapped as (
    select
        schemes.scheme,
        states.customer_key,
        schemes.scheme_stage,
        states.entered_on,
        lag(schemes.scheme_stage) over (
            partition by schemes.scheme, states.customer_key
            order by states.entered_on
        ) as former_scheme_stage
    from states
    inner join schemes
    on states.stage = schemes.stage
)

-- from one stage of ours to another within the same one of the scheme nobody has moved
select
    scheme,
    customer_key,
    scheme_stage,
    entered_on,
    lead(entered_on) over (
        partition by scheme, customer_key
        order by entered_on
    ) as exited_on
from mapped
where scheme_stage is distinct from former_scheme_stage
