with

stages as (
    select * from {{ ref('lifecycle_stages') }}
)

select
    stage,
    label_en,
    label_zh,
    suggested_task_en,
    suggested_task_zh,
    sort_number
from stages
