select
    load_id,
    source_system,
    table_name
from {{ ref('fct_row_balances') }}
where rows_read <> rows_valid + rows_quarantined + rows_duplicate
