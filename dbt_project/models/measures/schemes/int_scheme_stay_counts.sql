with

stays as (
    select * from {{ ref('int_scheme_stays') }}
)

select
    scheme,
    scheme_stage,
    entered_on,
    exited_on,
    count(*) as stay_count
from stays
group by scheme, scheme_stage, entered_on, exited_on
