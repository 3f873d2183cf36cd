"""The fixture that every test of whole runs begins with, and the order in which files are begun."""

from collections.abc import Callable

import pytest
from worlds import World

# Files that take minutes: begun last, one would keep a single processor busy in the end.
LONGEST_FIRST = (
    "test_demo_however_loaded.py",
    "test_interruptions.py",
    "test_restatements.py",
    "test_equal_however_loaded.py",
    "test_replays.py",
    "test_bad_input.py",
    "test_end_to_end.py",
    "test_dbt_units.py",
    "test_value_end_to_end.py",
    "test_churn_by_contract.py",
    "test_floor.py",
    "test_oracles.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, and all others as they were found."""
    place = {name: number for number, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: place.get(item.path.name, len(place)))


@pytest.fixture(scope="session")
def new_world(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], World]:
    """Makes an empty world of that name: write files, configure, run."""
    return lambda name: World(tmp_path_factory.mktemp(name, numbered=True))
