with

parameters as (
    select * from {{ ref('parameters') }}
),

in_force as (
    {{ parameters_in_force() }}
),

joined as (
    select
        in_force.name,
        in_force.value,
        parameters.default_value,
        parameters.unit,
        parameters.meaning_en,
        parameters.meaning_zh
    from in_force
    left join parameters on in_force.name = parameters.name
)

select * from joined
