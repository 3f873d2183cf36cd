with

employees as (
    select * from {{ ref('stg_employees') }}
),

keyed as (
    select
        {{ surrogate_key(['source_system', 'employee_id']) }} as employee_key,
        case
            when manager_id is not null
                then {{ surrogate_key(['source_system', 'manager_id']) }}
        end as manager_employee_key,
        source_system,
        employee_id,
        team,
        manager_id,
        coalesce(is_active, true) as is_active
    from employees
)

select * from keyed
