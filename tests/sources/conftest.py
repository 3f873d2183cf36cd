"""A shop with nothing in it."""

from pathlib import Path

import pytest
from files_shop import Shop

from orchestration.lake import Lake


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    folder = tmp_path / "shop"
    folder.mkdir()
    return Shop(folder, Lake(tmp_path / "lake"))
