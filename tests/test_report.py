"""What the terminal says of loads: nothing stays out in silence, and no name is taken for markup."""

from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from orchestration import report
from orchestration.lake import Input, JudgedLoad, Lake
from orchestration.lake.raw import fingerprint
from orchestration.settings import load_settings

READING = {"timezone": "UTC", "currency": "EUR"}
VERDICT = {"outcome": "clean", "rows_read": 1, "rows_valid": 1, "rows_quarantined": 0, "rows_duplicate": 0}


def judged(lake: Lake, *names: str, is_accepted: bool, reason: str | None = None) -> JudgedLoad:
    """A judged load of orders that was read from files of these names."""
    inputs = [Input(name, name, 1) for name in names]
    writer = lake.write_raw("shop", "orders", fingerprint=fingerprint(inputs, READING))
    duckdb.sql("select 1 as _row_number").write_parquet(str(writer.part(0)))
    judgement = lake.judge(writer.commit(inputs=inputs, reading=READING))
    for path in (judgement.valid_path, judgement.quarantine_path):
        path.write_text("rows")
    return judgement.commit({**VERDICT, "reason": reason}, is_accepted=is_accepted, is_released=False)


def test_files_of_a_refused_load_that_do_not_come_again_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lake = Lake(tmp_path)
    judged(lake, "long_ago.csv", is_accepted=False)
    judged(lake, "monday.csv", is_accepted=True)
    refused = judged(lake, "tuesday.csv", "wednesday.csv", is_accepted=False)
    newer = judged(lake, "wednesday.csv", "thursday.csv", is_accepted=True)
    report._print_left_behind(lake, [newer])
    told = capsys.readouterr().out
    assert f"shop/orders: a newer load replaces the refused {refused.load_id}, of which nothing is used" in told
    assert "mend tuesday.csv and run again" in told
    assert "long_ago" not in told
    report._print_left_behind(lake, [refused])
    assert capsys.readouterr().out == ""


def test_status_tells_reasons_and_folders_as_they_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = replace(load_settings(), home=tmp_path, configuration=tmp_path / "shop.yml")
    lake = Lake(tmp_path / "lake")
    refused = judged(lake, "a.csv", is_accepted=False, reason="the column '价[/kg]' stands twice.")
    lake.note_reading("shop", "orders", failure="the folder erp [new]/x is not there")
    report.print_status(settings)
    told = capsys.readouterr().out
    assert "the column '价[/kg]' stands twice." in told
    assert "the folder erp [new]/x is not there" in told
    assert f"lifecycle run --config {tmp_path / 'shop.yml'} --accept-load {refused.load_id}" in told
