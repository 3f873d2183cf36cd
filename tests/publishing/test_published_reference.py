"""The publication that new figures are held against outlives any number of replays."""

from datetime import date
from pathlib import Path

import duckdb

from orchestration import publishing
from orchestration.engine.state import Built

DAY = date(2026, 1, 31)


def publish(home: Path, number: int, *, is_replay: bool) -> publishing.Publication:
    built = home / "build.duckdb"
    if not built.exists():
        with duckdb.connect(str(built)) as connection:
            connection.execute("create schema marts; create table marts.fct_periods (period_start date)")
    run = f"r{number:07}"
    origin = None if is_replay else Built(run, run, DAY, {"models": "m"}, ("orders/shop/1",))
    return publishing.publish(built, home, run_id=run, as_of=DAY, git="g", state=run, origin=origin)


def test_figures_are_held_against_the_last_publication_that_was_no_replay(tmp_path: Path) -> None:
    publish(tmp_path, 1, is_replay=False)
    ordinary = publish(tmp_path, 2, is_replay=False)
    for number in range(3, 8):
        publish(tmp_path, number, is_replay=True)
    found = publishing.reference(tmp_path)
    assert found == ordinary
    kept = sorted(folder.name.rpartition("-")[2] for folder in (tmp_path / "publications").iterdir())
    assert kept == ["r0000002", "r0000005", "r0000006", "r0000007"]


def test_without_an_ordinary_publication_there_is_nothing_to_hold_figures_against(tmp_path: Path) -> None:
    assert publishing.reference(tmp_path) is None
    publish(tmp_path, 1, is_replay=True)
    assert publishing.reference(tmp_path) is None
