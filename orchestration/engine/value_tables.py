"""What is read and filled between the two invocations of dbt: cells, and the tables of the source `value`."""

from collections.abc import Mapping

import duckdb
import pyarrow as pa

SCHEMA = "value"
# What the models are fitted to, of the schema `measures`.
CELLS = (
    "int_value_segments",
    "int_value_cells",
    "int_repeat_days",
    "int_risk_cells",
    "int_spend_cells",
    "int_renewal_cells",
)
_ERRORS = ("mae", "rmse", "bias_ratio", "deviance", "top_decile_ratio", "brier", "auc")
_TRACKED = ("cumulative_mape", "weekly_mape")
_FEATURES = ("log_frequency", "log_silence_days", "log_age_days", "overdue_ratio", "recent_count")

TABLES: Mapping[str, pa.Schema] = {
    "models": pa.schema(
        [(name, pa.string()) for name in ("model_key", "segment_type", "segment_value")]
        + [(name, pa.float64()) for name in ("r", "alpha", "a", "b", "p", "q", "v")]
        + [(f"{bound}_{of}", pa.float64()) for of in ("ratio", "order_ratio") for bound in ("low", "high")]
    ),
    "parameters": pa.schema(
        [
            ("model_key", pa.string()),
            ("family", pa.string()),
            ("segment_type", pa.string()),
            ("segment_value", pa.string()),
            ("is_used", pa.bool_()),
            ("is_beaten", pa.bool_()),
            ("dropout_identified", pa.bool_()),
            ("parameter_name", pa.string()),
            ("parameter_value", pa.float64()),
            ("standard_error", pa.float64()),
            ("log_likelihood", pa.float64()),
            ("customer_count", pa.int64()),
            ("fitted_through", pa.date32()),
            ("holdout_days", pa.int32()),
            *((f"{whose}_{error}", pa.float64()) for whose in ("holdout", "baseline") for error in _ERRORS),
            *((f"holdout_{error}", pa.float64()) for error in _TRACKED),
        ]
    ),
    "lookup": pa.schema(
        [
            ("model_key", pa.string()),
            ("frequency", pa.int64()),
            ("age_days", pa.int32()),
            ("orders_if_alive", pa.float64()),
            ("discounted_orders_if_alive", pa.float64()),
        ]
    ),
    "risk": pa.schema(
        [("model_key", pa.string())]
        + [(name, pa.float64()) for name in ("mean_gap_days", "mean_log_odds")]
        + [(f"{of}{name}", pa.float64()) for of in ("", "mean_") for name in _FEATURES]
    ),
    "renewals": pa.schema(
        [("model_key", pa.string()), ("renewal_count", pa.int32()), ("survival_ratio", pa.float64())]
    ),
    "calibration": pa.schema(
        [
            ("observed_on", pa.string()),
            ("horizon_days", pa.int32()),
            ("bin_type", pa.string()),
            ("bin_number", pa.int32()),
            ("customer_count", pa.int64()),
            ("expected", pa.float64()),
            ("actual", pa.float64()),
            ("probability", pa.float64()),
            ("ordered_ratio", pa.float64()),
        ]
    ),
}


def register_value(connection: duckdb.DuckDBPyConnection, tables: Mapping[str, pa.Table]) -> None:
    """Make these tables readable as the schema `value`; those that are not given are made empty."""
    connection.execute(f"create schema if not exists {SCHEMA}")
    for name, schema in TABLES.items():
        connection.register("table_to_fill", tables.get(name, schema.empty_table()))
        connection.execute(f"create or replace table {SCHEMA}.{name} as select * from table_to_fill")
        connection.unregister("table_to_fill")
