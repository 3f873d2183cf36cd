-- a source's contradiction: told, and its records stay themselves
{{ config(severity='warn') }}

select
    source_system,
    customer_id,
    merged_into_id
from {{ ref('int_customer_merges') }}
where is_refused
