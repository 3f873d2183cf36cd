with

schemes as (
    select * from {{ ref('lifecycle_schemes') }}
),

stages as (
    select * from {{ ref('lifecycle_stages') }}
),

-- our own stages are a scheme like any other
mapped as (
    select
        scheme,
        stage,
        scheme_stage,
        scheme_label_en,
        scheme_label_zh,
        sort_number
    from schemes
    union all
    select
        'canonical' as scheme,
        stage,
        stage as scheme_stage,
        label_en as scheme_label_en,
        label_zh as scheme_label_zh,
        sort_number
    from stages
)

select * from mapped
