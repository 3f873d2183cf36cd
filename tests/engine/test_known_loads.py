"""Which loads a build knows: those of configured sources, but for files that were read in another way since."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from orchestration.engine.duckdb import known_loads, later_loads, today
from orchestration.lake import Input, Lake
from orchestration.lake.raw import fingerprint
from orchestration.settings import Settings

UTC, SHANGHAI = {"timezone": "UTC"}, {"timezone": "Asia/Shanghai"}


def read(
    lake: Lake, names: Sequence[str], reading: dict[str, str], *, source: str = "shop", accepted: bool = True
) -> str:
    """Load and judge files of these names; gives the load's identifier."""
    inputs = [Input(name, f"hash of {name}", 1) for name in names]
    writer = lake.write_raw(source, "orders", fingerprint=fingerprint(inputs, reading))
    load = writer.commit(inputs=inputs, reading={**reading, "found": {"encoding": "utf-8"}})
    judgement = lake.judge(load)
    for path in (judgement.valid_path, judgement.quarantine_path):
        path.touch()
    verdict = {"outcome": "clean", "rows_read": 1, "rows_valid": 1, "rows_quarantined": 0, "rows_duplicate": 0}
    judgement.commit(verdict, is_accepted=accepted, is_released=False)
    return load.load_id


def known(lake: Lake, settings: Settings) -> list[str]:
    return [load.load_id for load in known_loads(lake, settings, None)]


def test_files_that_were_all_read_again_in_another_way_count_as_read_last(tmp_path: Path, settings: Settings) -> None:
    lake = Lake(tmp_path)
    read(lake, ["1.csv"], UTC)
    read(lake, ["2.csv", "3.csv"], UTC)
    again = read(lake, ["1.csv", "2.csv", "3.csv"], SHANGHAI)
    assert known(lake, settings) == [again]


def test_what_cannot_be_read_again_since_a_file_is_gone_stays(tmp_path: Path, settings: Settings) -> None:
    lake = Lake(tmp_path)
    loads = [read(lake, ["1.csv", "gone.csv"], UTC), read(lake, ["1.csv"], SHANGHAI)]
    assert known(lake, settings) == loads


def test_further_files_read_in_the_same_way_stand_beside(tmp_path: Path, settings: Settings) -> None:
    lake = Lake(tmp_path)
    loads = [read(lake, ["1.csv"], UTC), read(lake, ["1.csv"], UTC), read(lake, ["2.csv"], UTC)]
    assert known(lake, settings) == loads


def test_a_reading_that_was_refused_replaces_nothing(tmp_path: Path, settings: Settings) -> None:
    lake = Lake(tmp_path)
    loads = [read(lake, ["1.csv"], UTC), read(lake, ["1.csv"], SHANGHAI, accepted=False)]
    assert known(lake, settings) == loads


def test_loads_of_a_source_that_is_configured_no_more_are_not_known(tmp_path: Path, settings: Settings) -> None:
    lake = Lake(tmp_path)
    read(lake, ["1.csv"], UTC, source="removed")
    assert known(lake, settings) == []


def test_what_counts_no_more_did_not_come_later(tmp_path: Path, settings: Settings) -> None:
    lake = Lake(tmp_path)
    loads = [read(lake, ["1.csv"], UTC), read(lake, ["1.csv"], SHANGHAI), read(lake, ["1.csv"], UTC, source="removed")]
    assert later_loads(lake, settings, today(settings)) == ()
    later = later_loads(lake, settings, today(settings) - timedelta(days=1))
    assert [load.load_id for load in later] == loads
