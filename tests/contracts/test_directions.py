"""Which layer of models may read which, held against dbt's manifest."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from orchestration.engine.dbt import manifest_path

MAY_READ = {
    "staging": {"feed"},
    "intermediate": {"staging", "intermediate", "seed"},
    "core": {"staging", "intermediate", "core", "seed"},
    "measures": {"core", "measures", "seed", "lake"},
    "marts": {"core", "measures", "marts", "seed", "value", "former"},
    "quality": {"lake", "former", "staging", "core", "marts", "quality"},
}


@pytest.fixture(scope="module")
def manifest() -> Mapping[str, Any]:
    return json.loads(manifest_path().read_text(encoding="utf-8"))


def layer(manifest: Mapping[str, Any], unique_id: str) -> str:
    if unique_id.startswith("source."):
        return manifest["sources"][unique_id]["source_name"]
    if unique_id.startswith("seed."):
        return "seed"
    return manifest["nodes"][unique_id]["fqn"][1]


def models(manifest: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]


def test_each_layer_reads_only_the_layers_that_it_may(manifest: Mapping[str, Any]) -> None:
    wrong = [
        f"{model['name']} reads {read}"
        for model in models(manifest)
        for read in model["depends_on"]["nodes"]
        if layer(manifest, read) not in MAY_READ[model["fqn"][1]]
    ]
    assert wrong == []


def test_every_model_and_every_column_says_what_it_is(manifest: Mapping[str, Any]) -> None:
    silent = [model["name"] for model in models(manifest) if not model["description"].startswith("One row per")]
    silent += [
        f"{model['name']}.{column['name']}"
        for model in models(manifest)
        for column in model["columns"].values()
        if not column["description"]
    ]
    assert silent == []


def test_everything_that_is_published_is_held_to_a_contract(manifest: Mapping[str, Any]) -> None:
    published = [m for m in models(manifest) if m["schema"] in ("core", "marts", "quality")]
    assert published
    assert [m["name"] for m in published if not m["contract"]["enforced"]] == []


def test_no_model_asks_the_clock_or_branches_in_jinja(manifest: Mapping[str, Any]) -> None:
    words = ("current_date", "current_timestamp", "now()", "today()", "{%")
    found = [(m["name"], word) for m in models(manifest) for word in words if word in m["raw_code"].lower()]
    assert found == []
