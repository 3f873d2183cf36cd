"""Loads and judgements appear whole or not at all, and are listed in the order they came."""

import shutil
from pathlib import Path

import duckdb
import pytest

from orchestration.lake import Input, Lake, RawLoad
from orchestration.lake.durable import disappear, sweep
from orchestration.lake.raw import fingerprint

READING = {"timezone": "UTC", "currency": "EUR"}
VERDICT = {"outcome": "clean", "rows_read": 2, "rows_valid": 2, "rows_quarantined": 0, "rows_duplicate": 0}


def load(lake: Lake, content: str = "a") -> RawLoad:
    inputs = (Input("orders.csv", content, 1),)
    writer = lake.write_raw("shop", "orders", fingerprint=fingerprint(inputs, READING))
    duckdb.sql("select 1 as _row_number union all select 2").write_parquet(str(writer.part(0)))
    return writer.commit(inputs=inputs, reading=READING)


def test_a_load_says_what_it_was_read_from(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    written = load(lake)
    assert lake.raw_loads("shop", "orders") == (written,)
    assert (written.row_count, written.is_readable, written.inputs[0].name) == (2, True, "orders.csv")
    assert written.byte_count == written.parts[0].stat().st_size


def test_loads_are_listed_in_the_order_they_came(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    ids = [load(lake, content).load_id for content in "zyx"]
    assert [each.load_id for each in lake.raw_loads("shop", "orders")] == ids == sorted(ids)


def test_a_load_that_was_not_committed_is_not_seen_and_is_swept(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.write_raw("shop", "orders", fingerprint="f").part(0).write_text("half")
    assert lake.raw_loads("shop", "orders") == ()
    assert lake.sweep() == 1
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_the_fingerprint_tells_content_and_reading_apart_and_not_the_order_of_files() -> None:
    a, b = Input("a.csv", "1", 1), Input("b.csv", "2", 1)
    assert fingerprint([a, b], READING) == fingerprint([b, a], READING)
    assert fingerprint([a], READING) != fingerprint([b], READING)
    assert fingerprint([a], READING) != fingerprint([a], {**READING, "timezone": "Asia/Shanghai"})


def test_a_judgement_counts_only_once_its_verdict_is_written(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    judgement = lake.judge(load(lake))
    for path in (judgement.valid_path, judgement.quarantine_path):
        path.write_text("rows")
    assert lake.judged_loads("orders") == ()
    judged = judgement.commit(VERDICT, is_accepted=True, is_released=False)
    assert lake.judged_loads() == (judged,)
    assert judged.valid_path.read_text() == "rows"


def test_an_abandoned_judgement_leaves_nothing(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    written = load(lake)
    lake.judge(written).abandon()
    assert lake.judged_loads() == ()
    assert not list(tmp_path.glob("valid/**/*.parquet"))


def test_a_release_is_remembered(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    assert lake.released() == frozenset()
    lake.release("20260101T000000000000Z_abcd")
    assert lake.released() == {"20260101T000000000000Z_abcd"}


@pytest.mark.parametrize("failure", [None, "the folder is gone"])
def test_the_last_reading_of_a_table_is_remembered(tmp_path: Path, failure: str | None) -> None:
    lake = Lake(tmp_path)
    lake.note_reading("shop", "orders", failure=None)
    read_at = lake.readings()["shop", "orders"]["read_at"]
    lake.note_reading("shop", "orders", failure=failure)
    after = lake.readings()["shop", "orders"]
    assert after["failure"] == failure
    assert (after["read_at"] == read_at) == (failure is not None)


def test_a_folder_that_is_removed_is_gone_before_its_files_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "publication"
    folder.mkdir()
    (folder / "warehouse.duckdb").touch()
    remove, removed = shutil.rmtree, []

    def interrupted(path: Path, **_: object) -> None:
        removed.append(path)

    monkeypatch.setattr("orchestration.lake.durable.shutil.rmtree", interrupted)
    disappear(folder)
    assert not folder.exists()
    assert [path.parent for path in removed] == [tmp_path]
    monkeypatch.setattr("orchestration.lake.durable.shutil.rmtree", remove)
    assert sweep(tmp_path) == 1
    assert list(tmp_path.iterdir()) == []
