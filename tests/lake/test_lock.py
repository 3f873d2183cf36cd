"""One writer at a time, and a dead one holds nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.lake.lock import WarehouseBusy, writing

HOLDER = """
import sys, time
from pathlib import Path
from orchestration.lake.lock import writing
with writing(Path(sys.argv[1]), "holder", say=print):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path: Path):  # a process that holds the lock until it is killed
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_writer_is_told_who_holds_the_warehouse(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    said: list[str] = []
    with (
        pytest.raises(WarehouseBusy, match=f"run holder .process {holder.pid}.*wait for it to end"),
        writing(tmp_path, "second", say=said.append, patience=0.5),
    ):
        pytest.fail("two writers at once")
    assert said == [f"Waiting for run holder (process {holder.pid}), which is writing to {tmp_path}."]


def test_the_lock_of_a_killed_writer_is_free_at_once(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    holder.kill()
    holder.wait()
    with writing(tmp_path, "next", say=print, patience=0) as previous:
        assert previous == "holder"
