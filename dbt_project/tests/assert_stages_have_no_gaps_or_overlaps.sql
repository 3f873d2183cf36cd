-- a stay ends on the day the next begins, in another stage, and only the last is open
with

stages as (
    select * from {{ ref('fct_lifecycle_stages') }}
),

with_next as (
    select
        *,
        lead(entered_on) over in_turn as next_entered_on,
        lead(stage) over in_turn as next_stage
    from stages
    window in_turn as (
        partition by customer_key
        order by stage_number
    )
)

select
    customer_key,
    stage_number
from with_next
where
    exited_on is distinct from next_entered_on
    or exited_on <= entered_on
    or stage = next_stage
    or entered_on > as_of_date
    or is_current is distinct from (exited_on is null)
