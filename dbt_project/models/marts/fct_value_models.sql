with

parameters as (
    select * from {{ source('value', 'parameters') }}
)

select
    cast(model_key as string) as model_key,
    cast(family as string) as family,
    cast(segment_type as string) as segment_type,
    cast(segment_value as string) as segment_value,
    cast(parameter_name as string) as parameter_name,
    cast(parameter_value as double) as parameter_value,
    cast(standard_error as double) as standard_error,
    cast(log_likelihood as double) as log_likelihood,
    cast(customer_count as bigint) as customer_count,
    cast(holdout_days as integer) as holdout_days,
    cast(holdout_mae as double) as holdout_mae,
    cast(holdout_rmse as double) as holdout_rmse,
    cast(holdout_bias_ratio as double) as holdout_bias_ratio,
    cast(holdout_top_decile_ratio as double) as holdout_top_decile_ratio,
    cast(holdout_deviance as double) as holdout_deviance,
    cast(holdout_cumulative_mape as double) as holdout_cumulative_mape,
    cast(holdout_weekly_mape as double) as holdout_weekly_mape,
    cast(holdout_brier as double) as holdout_brier,
    cast(holdout_auc as double) as holdout_auc,
    cast(baseline_mae as double) as baseline_mae,
    cast(baseline_rmse as double) as baseline_rmse,
    cast(baseline_bias_ratio as double) as baseline_bias_ratio,
    cast(baseline_top_decile_ratio as double) as baseline_top_decile_ratio,
    cast(baseline_deviance as double) as baseline_deviance,
    cast(baseline_brier as double) as baseline_brier,
    cast(baseline_auc as double) as baseline_auc,
    cast(dropout_identified as boolean) as dropout_identified,
    cast(is_used as boolean) as is_used,
    cast(is_beaten as boolean) as is_beaten,
    cast(fitted_through as date) as fitted_through,
    {{ as_of_date() }} as as_of_date
from parameters
