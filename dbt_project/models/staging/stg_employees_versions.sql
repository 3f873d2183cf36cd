with

versions as (
    select * from {{ source('feed', 'employees') }}
),

-- of rows written at one instant one holds; read again, it is known from its first load
instants as (
    select
        *,
        known_at as valid_from
    from versions
    qualify
        row_number() over (
            partition by source_system, employee_id, known_at
            order by
                load_id asc,
                row_number desc
        ) = 1
),

-- a row that only repeats what is known begins no version
changes as (
    select *
    from instants
    qualify
        content_hash is distinct from lag(content_hash) over (
            partition by source_system, employee_id order by valid_from asc
        )
),

spans as (
    select
        *,
        lead(valid_from) over (
            partition by source_system, employee_id order by valid_from asc
        ) as valid_to
    from changes
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
    known_at,
    valid_from,
    valid_to
from spans
