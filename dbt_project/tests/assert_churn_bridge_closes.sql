-- customers: start + new + reactivated - lost - new and lost = end, none of them negative, none lost twice
select * from {{ ref('fct_churn_periods') }}
where
    basis = 'logo'
    and (
        active_end_count
        is distinct from active_start_count + new_count + reactivated_count
        - lost_count - new_and_lost_count
        or lost_count > active_start_count
        or new_and_lost_count > new_count + reactivated_count
        or least(active_start_count, new_count, reactivated_count, lost_count, active_end_count) < 0
    )
