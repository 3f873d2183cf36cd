"""Who configures Spark without having installed it learns what to install; the test needs no Spark."""

import sys

import pytest

from orchestration.engine.spark_needs import missing
from orchestration.settings import SparkSettings


@pytest.mark.parametrize("package", ["pyspark", "dbt.adapters.spark", "pyhive"])
def test_a_missing_package_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    told = missing(SparkSettings())
    assert told is not None
    assert package in told
    assert told.endswith('which is not installed; run pip install ".[spark]"')


def test_a_cluster_needs_the_packages_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark", None)
    assert missing(SparkSettings(server=("spark.example.com", 10000))) is not None
