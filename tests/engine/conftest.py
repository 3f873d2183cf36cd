"""What tests of the engine share."""

from pathlib import Path

import pytest

from orchestration.settings import Settings, settings_from_text

CONFIGURATION = """
warehouse: {reporting_timezone: Asia/Shanghai, reporting_currency: CNY}
sources: [{name: shop, type: files, path: .}, {name: desk, type: files, path: .}, {name: erp, type: files, path: .}]
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_from_text(CONFIGURATION, tmp_path / "lifecycle.yml", base=tmp_path)
