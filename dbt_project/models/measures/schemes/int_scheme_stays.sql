{{ config(
    materialized='repaired',
    repair_key=['customer_key'],
    touched="{{ customers_of_changes(['int_stage_states']) }}",
) }}

with

states as (
    select * from {{ ref('int_stage_states') }}
    where {{ only_touched(['customer_key']) }}
),

schemes as (
    select * from {{ ref('map_lifecycle_schemes') }}
),

in_turn as (
    select
        customer_key,
        stage,
        lag(stage) over (
            partition by customer_key
            order by entered_on
        ) as former_stage,
        entered_on
    from states
),

-- from one stage of ours to another within the same one of the scheme nobody has moved
moves as (
    select
        schemes.scheme,
        in_turn.customer_key,
        schemes.scheme_stage,
        in_turn.entered_on
    from in_turn
    inner join schemes
    on in_turn.stage = schemes.stage
    left join schemes as former_schemes
    on
        in_turn.former_stage = former_schemes.stage
        and schemes.scheme = former_schemes.scheme
    where schemes.scheme_stage is distinct from former_schemes.scheme_stage
)

select
    scheme,
    customer_key,
    scheme_stage,
    entered_on,
    lead(entered_on) over (
        partition by scheme, customer_key
        order by entered_on
    ) as exited_on
from moves
