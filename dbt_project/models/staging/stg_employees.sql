with

versions as (
    select * from {{ source('feed', 'employees') }}
),

current_versions as (
    {{ current_versions(['employee_id']) }}
)

select
    source_system,
    employee_id,
    full_name,
    email,
    team,
    manager_id,
    is_active,
    load_id,
    known_at
from current_versions
