"""What Dagster is told: assets, checks, job, schedule and sensors, quickly and in plain words."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from orchestration.assets.judged import ACCEPTED, in_order_of_reference
from orchestration.automation import folder_state
from orchestration.definitions import build_definitions
from orchestration.feed import TABLES
from orchestration.settings import PROJECT_ROOT, settings_from_text

CONFIGURATION = """
warehouse: {reporting_timezone: Asia/Shanghai, reporting_currency: CNY}
sources:
  - {name: shop, type: files, path: ./shop}
  - {name: made_up, type: demo, customers: 50}
"""
LOAD = """
import sys
from pathlib import Path
from typing import Any
from orchestration.definitions import build_definitions
from orchestration.settings import load_settings
build_definitions(load_settings(None)).resolve_asset_graph()
print(*[name for name in ("great_expectations", "dbt.adapters.duckdb", "pyspark") if name in sys.modules])
"""


@pytest.fixture(scope="module")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> dg.Definitions:
    folder = tmp_path_factory.mktemp("definitions")
    return build_definitions(settings_from_text(CONFIGURATION, folder / "lifecycle.yml", base=folder))


@pytest.fixture(scope="module")
def graph(definitions: dg.Definitions) -> Any:
    return definitions.resolve_asset_graph()


def test_loading_needs_neither_great_expectations_nor_an_adapter(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", LOAD], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_every_table_of_every_source_is_an_asset_and_the_demo_comes_before_its_own(graph: Any) -> None:
    keys = {key.to_user_string() for key in graph.get_all_asset_keys()}
    assert {f"raw/shop/{table}" for table in TABLES} <= keys
    assert {f"valid/{table}" for table in TABLES} <= keys
    made = dg.AssetKey(["raw", "made_up_crm", "customers"])
    assert graph.get(made).parent_keys == {dg.AssetKey(["demo", "made_up"])}


def test_valid_rows_come_from_raw_and_staging_from_valid(graph: Any) -> None:
    assert dg.AssetKey(["raw", "shop", "orders"]) in graph.get(dg.AssetKey(["valid", "orders"])).parent_keys
    assert graph.get(dg.AssetKey(["staging", "stg_orders"])).parent_keys == {dg.AssetKey(["valid", "orders"])}


def test_the_publication_waits_for_everything_that_readers_see(graph: Any) -> None:
    published = graph.get(dg.AssetKey(["published", "warehouse"])).parent_keys
    layers = ("core", "marts", "quality")
    assert {key for key in graph.get_all_asset_keys() if key.path[0] in layers} <= published


def test_every_asset_has_a_group_a_description_and_an_owner(graph: Any) -> None:
    for key in graph.materializable_asset_keys:
        node = graph.get(key)
        assert node.group_name not in (None, "default"), key
        assert node.description, key
        assert node.owners, key


def test_marts_are_expected_fresh(graph: Any) -> None:
    marts = [key for key in graph.get_all_asset_keys() if key.path[0] == "marts"]
    assert marts
    assert all(graph.get(key).freshness_policy for key in marts)


def test_one_check_per_table_stops_what_follows(graph: Any) -> None:
    of_valid = [graph.get_check_spec(key) for key in graph.asset_check_keys if key.asset_key.path[0] == "valid"]
    blocking = {spec.asset_key.path[1] for spec in of_valid if spec.blocking}
    assert blocking == set(TABLES)
    assert {spec.name for spec in of_valid if spec.blocking} == {ACCEPTED}


def test_singular_tests_of_several_models_are_checks_too(graph: Any) -> None:
    names = {key.name for key in graph.asset_check_keys}
    tests = {path.stem for path in (PROJECT_ROOT / "dbt_project" / "tests").glob("assert_*.sql")}
    assert tests
    assert tests - names == set()


def test_what_a_row_refers_to_is_judged_before_it() -> None:
    order = [table.name for table in in_order_of_reference()]
    assert sorted(order) == sorted(TABLES)
    for table in TABLES.values():
        for column in table.columns:
            if column.references and column.references != table.name:
                assert order.index(column.references) < order.index(table.name), (table.name, column.name)


def test_there_is_a_job_a_daily_schedule_and_a_sensor_per_drop_folder(definitions: dg.Definitions) -> None:
    assert definitions.resolve_job_def("lifecycle_warehouse")
    assert definitions.resolve_schedule_def("every_day_at_five").execution_timezone == "Asia/Shanghai"
    assert definitions.resolve_sensor_def("files_dropped_in_shop")


def test_the_sensor_asks_for_a_run_once_per_change(definitions: dg.Definitions, tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    text = CONFIGURATION.replace("./shop", str(folder))
    sensor = build_definitions(settings_from_text(text, tmp_path / "x.yml", base=tmp_path)).resolve_sensor_def(
        "files_dropped_in_shop"
    )
    cursor = None
    asked = []
    for change in (None, "orders.csv", None):
        if change:
            (folder / change).write_text("order_id\n")
        with dg.build_sensor_context(cursor=cursor) as context:
            data = sensor.evaluate_tick(context)
            asked.append(len(data.run_requests or []))
            cursor = data.cursor
    assert asked == [1, 1, 0]


def test_a_drop_folder_that_is_gone_asks_for_nothing(tmp_path: Path) -> None:
    assert folder_state(tmp_path / "gone") is None
