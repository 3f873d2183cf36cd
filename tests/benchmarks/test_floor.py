"""The script written by hand and the warehouse: two ways to the same figures."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from worlds import World

from benchmarks.floor import run_floor
from benchmarks.generate import generate

CUSTOMERS, DAYS = 400, 2
TABLES = [
    "core.dim_customer_versions",
    "core.dim_customers",
    "core.dim_products",
    "core.fct_activities",
    "core.fct_campaign_touches",
    "core.fct_interactions",
    "core.fct_leads",
    "core.fct_loyalty_movements",
    "core.fct_marketing_spend",
    "core.fct_opportunities",
    "core.fct_order_lines",
    "core.fct_orders",
    "core.fct_refunds",
    "core.fct_subscriptions",
    "core.fct_survey_responses",
    "core.fct_tickets",
    "core.fct_web_sessions",
    "marts.fct_churn_periods",
    "marts.fct_cohort_retention",
    "marts.fct_customer_losses",
    "marts.fct_customer_value",
    "marts.fct_lifecycle_stages",
    "marts.fct_nps_periods",
    "marts.fct_rfm_scores",
    "marts.fct_stage_populations",
    "marts.fct_stage_transitions",
]


@pytest.fixture(scope="module")
def world(new_world: Callable[[str], World]) -> World:
    """A generated world of a history and two days, run whole, with the floor's files beside it."""
    world = new_world("floor")
    for day in range(DAYS + 1):
        generate(world.folder, customers=CUSTOMERS, day=day)
    world.build()
    run_floor(world.folder / "feed", world.folder / "floor")
    return world


@pytest.fixture(scope="module")
def both(world: World) -> duckdb.DuckDBPyConnection:
    """A connection that sees the floor's tables and the warehouse's."""
    connection = duckdb.connect(":memory:")
    for name, database in (("floor", world.folder / "floor" / "warehouse.duckdb"), ("warehouse", world.database)):
        connection.execute(f"attach '{database}' as {name} (read_only)")
    return connection


def _columns(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    return {name: of for name, of, *_ in connection.execute(f"describe {table}").fetchall()}


@pytest.mark.slow
@pytest.mark.parametrize("table", TABLES)
def test_the_floor_and_the_warehouse_agree_row_for_row(both: duckdb.DuckDBPyConnection, table: str):
    kept = _columns(both, f"floor.{table}")
    types = _columns(both, f"warehouse.{table}")
    assert kept.keys() <= types.keys()
    # Sums of binary fractions may differ in their last digits.
    columns = ", ".join(
        f"round({name}, 9) as {name}" if types[name] == "DOUBLE" else f"cast({name} as {types[name]}) as {name}"
        for name in kept
    )
    sides = [f"(select {columns} from {side}.{table})" for side in ("floor", "warehouse")]
    counted = both.execute(f"select count(*) from {sides[0]}").fetchall()[0][0]
    differing = [
        both.execute(f"from {one} except all from {other} limit 3").fetchall() for one, other in (sides, sides[::-1])
    ]
    assert counted > 0
    assert differing == [[], []]


@pytest.mark.slow
def test_every_table_of_the_floor_is_compared(both: duckdb.DuckDBPyConnection):
    made = both.execute(
        "select schema_name || '.' || table_name from duckdb_tables() where database_name = 'floor' order by all"
    ).fetchall()
    assert [name for (name,) in made] == TABLES


@pytest.mark.slow
def test_the_generated_feed_needs_no_judging(world: World):
    outcomes = {load.verdict["outcome"] for load in world.lake.judged_loads()}
    assert outcomes == {"clean"}


@pytest.mark.slow
def test_the_floor_writes_parquet_as_well(world: World):
    written = {path.parent.name for path in Path(world.folder, "floor", "parquet").rglob("*.parquet")}
    assert written == {table.split(".")[1] for table in TABLES}
