{{ config(
    materialized='repaired',
    repair_key=['scheme', 'scheme_stage', 'entered_on', "coalesce(exited_on, cast('9999-12-31' as date))"],
) }}

with

stays as (
    {{ rows_to_count('int_scheme_stays') }}
),

counts as (
    select
        scheme,
        scheme_stage,
        entered_on,
        exited_on,
        row_sign as stay_count
    from stays
    {{ and_former_sums(['scheme', 'scheme_stage', 'entered_on', 'exited_on', 'stay_count']) }}
)

select
    scheme,
    scheme_stage,
    entered_on,
    exited_on,
    cast(sum(stay_count) as bigint) as stay_count
from counts
group by scheme, scheme_stage, entered_on, exited_on
having sum(stay_count) > 0
