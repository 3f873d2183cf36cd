"""The command line, as far as it does not run the warehouse."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from orchestration.cli import main
from orchestration.feed import TABLES


@pytest.fixture
def said():
    def say(*arguments: str) -> tuple[int, str]:
        result = CliRunner(env={"COLUMNS": "250"}).invoke(main, arguments)
        return result.exit_code, result.output

    return say


def test_feed_lists_every_table_with_its_chinese_name(said) -> None:
    code, output = said("feed")
    assert code == 0
    assert all(table.name in output and table.name_zh in output for table in TABLES.values())


def test_feed_of_a_table_lists_its_columns_and_marks_key_and_required(said) -> None:
    code, output = said("feed", "orders")
    assert code == 0
    lines = {line.split()[0]: line for line in output.splitlines() if line.strip()}
    assert set(TABLES["orders"].column_names) <= set(lines)
    assert "key" in lines["order_id"]
    assert "required" in lines["ordered_at"]
    assert "completed, pending, cancelled, returned" in " ".join(output.split())


def test_feed_of_an_unknown_table_says_where_to_look(said) -> None:
    code, output = said("feed", "oders")
    assert code == 2
    assert "oders" in output
    assert "lifecycle feed" in output


def test_the_template_is_an_empty_file_per_table_with_its_header(said, tmp_path: Path) -> None:
    assert said("feed", "--template", str(tmp_path / "new"))[0] == 0
    files = {path.stem: path.read_text() for path in (tmp_path / "new").iterdir()}
    assert files == {table.name: ",".join(table.column_names) + "\n" for table in TABLES.values()}


@pytest.mark.parametrize(("command", "file"), [("feed", "customers.csv"), ("demo", "lifecycle.yml")])
def test_what_somebody_has_is_not_written_over(said, tmp_path: Path, command: str, file: str) -> None:
    (tmp_path / file).write_text("mine")
    code, output = said(command, "--template" if command == "feed" else "--out", str(tmp_path))
    assert code == 2
    assert f"{file} is there already; name another folder" in output
    assert [path.name for path in tmp_path.iterdir()] == [file]
    assert (tmp_path / file).read_text() == "mine"


def test_demo_writes_a_company_that_can_be_checked(said, tmp_path: Path) -> None:
    code, output = said("demo", "--customers", "50", "--out", str(tmp_path / "shop"))
    assert code == 0, output
    assert said("check", "--config", str(tmp_path / "shop" / "lifecycle.yml"))[0] == 0


@pytest.mark.parametrize("command", ["run", "check", "ui", "status", "feed", "demo"])
def test_every_command_explains_itself(said, command: str) -> None:
    code, output = said(command, "--help")
    assert code == 0
    assert "Usage" in output


def test_a_day_that_is_none_is_refused(said) -> None:
    code, output = said("run", "--as-of", "2026-02-30")
    assert code == 2
    assert "2026-02-30" in output


def test_an_unknown_load_cannot_be_accepted(said, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, output = said("run", "--accept-load", "20200101T000000000000Z_none")
    assert code == 2
    assert "lifecycle status" in output


def test_status_before_the_first_run_says_so(said, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, output = said("status")
    assert code == 0
    assert "Nothing is published" in output
