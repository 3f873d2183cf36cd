{{ config(meta={'dagster': {'ref': {'name': 'dim_parameters'}}}) }}

-- a parameter in force without a meaning, or a meaning without a parameter
select
    in_force.name,
    parameters.name as described_name
from {{ ref('dim_parameters') }} as in_force
full outer join {{ ref('parameters') }} as parameters on in_force.name = parameters.name
where in_force.name is null or parameters.name is null
