{# The parameters in force, one row each, as text; their meanings stand in seeds/parameters.csv. #}
{% macro parameters_in_force() -%}
{%- set names = [
    'lapse_days',
    'at_risk_days',
    'loyal_order_count',
    'loyal_tenure_days',
    'loyal_gap_days',
    'reactivated_days',
    'stage_conversion_days',
    'value_trend_days',
    'value_trend_ratio',
    'silent_days',
    'contract_grace_days',
    'rfm_window_days',
    'minimum_reportable_count',
    'value_horizon_days',
    'value_segment_minimum_count',
    'discount_rate_annual',
    'count_zero_amount_orders',
    'value_class_a_ratio',
    'value_class_b_ratio',
    'risk_medium_from',
    'risk_high_from',
    'signal_drop_ratio',
    'signal_recent_days',
    'signal_baseline_days',
    'signal_baseline_count',
    'signal_gap_quantile',
    'signal_recovery_ratio',
    'signal_outcome_days',
    'signal_complaint_open_days',
    'signal_contract_ending_days',
    'campaign_window_days',
    'acquisition_lag_days',
    'gross_margin_ratio',
    'risk_horizon_days',
    'nps_window_days',
    'attribution_window_days',
    'time_decay_half_life_days',
    'csat_satisfied_from',
    'funnel_window_days',
    'new_lead_response_hours',
    'refund_basis',
    'week_start',
    'session_gap_minutes',
] -%}
{%- for name in names %}
select '{{ name }}' as name, {{ text_or_null(var(name)) }} as value
{%- if not loop.last %} union all{% endif %}
{%- endfor %}
{%- endmacro %}

{% macro text_or_null(value) -%}
cast({{ 'null' if value is none else "'" ~ (value | lower if value is boolean else value) ~ "'" }} as {{ dbt.type_string() }})
{%- endmacro %}
