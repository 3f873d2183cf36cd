with

valid_rows as (
    {{ valid_row_keys() }}
)

select * from valid_rows
