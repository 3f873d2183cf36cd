"""dbt's own unit tests: the branches of the models on rows written by hand, and the models on no rows."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from orchestration.assets.warehouse import read_manifest
from orchestration.engine import dbt
from orchestration.engine.duckdb import connected, register, working_file
from orchestration.engine.former import register_former


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Sequence[dbt.Event]:
    home: Path = tmp_path_factory.mktemp("units")
    with connected(working_file(home)) as connection:
        register(connection, (), run_id="none", git="none")
        register_former(connection, read_manifest(), None, standing=None)
    variables = {"warehouse_path": str(working_file(home))}
    return dbt.build(home, variables, on_end=lambda _: None, without=()).ended


def of_type(ended: Sequence[dbt.Event], *types: str) -> dict[str, str]:
    nodes = [event["data"]["node_info"] for event in ended]
    return {node["node_name"]: node["node_status"] for node in nodes if node["resource_type"] in types}


def test_every_unit_test_passes(ended: Sequence[dbt.Event]) -> None:
    statuses = of_type(ended, "unit_test")
    assert len(statuses) > 70
    assert {name: status for name, status in statuses.items() if status != "pass"} == {}


def test_every_model_is_built_and_keeps_its_tests_where_there_is_no_row_at_all(
    ended: Sequence[dbt.Event],
) -> None:
    statuses = of_type(ended, "model", "seed", "test")
    assert len(statuses) > 300
    assert {name: status for name, status in statuses.items() if status not in ("pass", "success")} == {}
