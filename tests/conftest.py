"""The fixture that every test of whole runs begins with."""

from collections.abc import Callable

import pytest
from worlds import World


@pytest.fixture(scope="session")
def new_world(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], World]:
    """Makes an empty world of that name: write files, configure, run."""
    return lambda name: World(tmp_path_factory.mktemp(name, numbered=True))
