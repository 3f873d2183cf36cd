"""Whatever stops a run, readers never notice, and the next run puts everything right by itself.

One world lives through runs that wait, find the disk full or are killed, each with a new file to read,
while ten readers look on; a second world reads all the files in one undisturbed run.
"""

import json
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest
from readers import Report, reading
from worlds import Ended, World

from orchestration.run import instance_of
from orchestration.settings import load_settings

pytestmark = pytest.mark.slow

MOMENTS = ("while judging", "while publishing", "while building")
GOING_ON = (dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING)
UNSHARE = ("unshare", "--user", "--map-root-user", "--mount")
TOO_LITTLE = 500_000
READER_COUNT = 10
PUBLISHER = """
import os, sys, time
from datetime import date
from pathlib import Path
from orchestration.publishing import publish
built, home, first = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
for number in range(first, first + 30):
    publish(built, home, run_id=f"run-{number}", as_of=date(2026, 1, 31), git="unknown", state=str(number))
    print(number, flush=True)
    time.sleep(0.3)
"""


@dataclass(frozen=True)
class Story:
    """What was seen of the disturbed world, and the world that nothing disturbed."""

    world: World
    undisturbed: World
    first: Ended
    second: Ended
    without_room: Ended
    last: Ended
    killed: Mapping[str, str]
    publications: Mapping[str, Path]
    readers: list[Report]
    statuses: list[tuple[str, dg.DagsterRunStatus]]


@pytest.fixture(scope="module")
def story(new_world: Callable[[str], World]) -> Iterator[Story]:
    world, undisturbed = new_world("disturbed"), new_world("undisturbed")
    _write_batches(world, 0)
    first, second = _run_two_at_once(world)
    assert first.exit_code == 0, first.output
    publications, killed = {"at first": world.database.resolve()}, {}
    _write_batches(undisturbed, 0, 1, 2, 3, 4, 5)
    with undisturbed.start("run") as beside, reading(world.home, count=READER_COUNT, pause=4) as readers:
        _write_batches(world, 1)
        without_room = _run_without_room(world)
        publications["without room"] = world.database.resolve()
        for batch, moment in enumerate(MOMENTS, start=2):
            _write_batches(world, batch)
            killed[moment] = _killed(world, moment)
            publications[moment] = world.database.resolve()
        _write_batches(world, 5)
        last = world.run()
        publications["in the end"] = world.database.resolve()
        output, _ = beside.communicate()
    assert beside.returncode == 0, output
    return Story(
        world=world,
        undisturbed=undisturbed,
        first=first,
        second=second,
        without_room=without_room,
        last=last,
        killed=killed,
        publications=publications,
        readers=readers.reports,
        statuses=_statuses(world),
    )


def _write_batches(world: World, *batches: int) -> None:
    """A few customers, and orders and refunds of old and new ones, in files of their own."""
    world.configure()
    for batch in batches:
        people = (
            f"C{batch}{number},Person {batch}{number},2025-0{1 + batch}-03,2025-0{1 + batch}-03\n"
            for number in range(3)
        )
        orders = (
            f"O{batch}{number},C{batch // 2}{number},2025-0{1 + batch}-1{number},completed,"
            f"{10 * batch + number}.50,2025-0{1 + batch}-1{number}\n"
            for number in range(3)
        )
        heading = "customer_id,full_name,created_at,updated_at\n"
        world.write(f"shop/customers/{batch}.csv", heading + "".join(people))
        heading = "order_id,customer_id,ordered_at,status,net_amount,updated_at\n"
        world.write(f"shop/orders/{batch}.csv", heading + "".join(orders))


def _run_two_at_once(world: World) -> tuple[Ended, Ended]:
    """The second is started when the first has begun to read."""
    with world.start("run") as first:
        begun = _heard(first, "Read shop/")
        second = world.run()
        rest, _ = first.communicate()
    return Ended(first.returncode, begun + rest), second


def _heard(process: subprocess.Popen[str], words: str) -> str:
    """What a run says until it says these words."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if words in line:
            return said
    raise AssertionError(f"The run ended without saying '{words}':\n{said}")


def _killed(world: World, moment: str) -> str:
    """Kill a run at that moment, without warning; returns its id."""
    with world.start("run") as process:
        if moment == "while judging":
            _heard(process, "Read shop/orders")
            _until(process, lambda: any((world.home / "lake").glob(".aside-judging-*")))
        elif moment == "while building":
            _heard(process, "Built fct_orders")
        else:
            _heard(process, "Publishing")
            _until(process, lambda: any((world.home / "publications").glob(".aside-*/warehouse.duckdb")))
        process.kill()
    assert process.returncode == -signal.SIGKILL
    return json.loads((world.home / "writer.lock").read_text())["run_id"]


def _until(process: subprocess.Popen[str], is_so: Callable[[], bool]) -> None:
    while not is_so():
        assert process.poll() is None, "the run ended before it could be killed"
        time.sleep(0.005)


def _run_without_room(world: World) -> Ended:
    """A run to which the disk of the file that it builds in is full."""
    command = 'mount -t tmpfs -o size=1m tmpfs "$0" && exec "$@"'
    small_disk = [*UNSHARE, "sh", "-c", command, str(world.home / "warehouse")]
    if subprocess.run([*small_disk, "true"], check=False, capture_output=True).returncode == 0:
        return world.run(within=small_disk)
    # where nobody may mount, no file may grow beyond what is too little
    return world.run(preexec_fn=_limit_files)


def _statuses(world: World) -> list[tuple[str, dg.DagsterRunStatus]]:
    with instance_of(load_settings(world.folder / "lifecycle.yml")) as instance:
        return [(run.run_id, run.status) for run in instance.get_runs()]


def _tables(world: World) -> dict[str, list[tuple]]:
    """All rows of every published table of core and marts, publish_info aside."""
    names = world.published(
        "select schema_name || '.' || table_name from duckdb_tables() "
        "where schema_name in ('core', 'marts') and table_name <> 'publish_info'"
    )
    return {name: world.published(f"select * from {name} order by all") for (name,) in names}


def test_a_run_beside_another_waits_and_says_so(story: Story) -> None:
    assert story.first.exit_code == story.second.exit_code == 0
    assert "Waiting for run " in story.second.output
    assert f"which is writing to {story.world.home}." in story.second.output


def test_a_run_that_has_waited_finds_nothing_left_to_do(story: Story) -> None:
    assert "Nothing is new" in story.second.output
    assert "Building the models" not in story.second.output


def test_a_full_disk_fails_the_run_in_words(story: Story) -> None:
    assert story.without_room.exit_code == 1
    assert "ake room on the disk of" in story.without_room.output
    assert "Traceback" not in story.without_room.output


@pytest.mark.parametrize("moment", ["without room", *MOMENTS])
def test_what_is_published_stays_when_a_run_is_stopped(story: Story, moment: str) -> None:
    assert story.publications[moment] == story.publications["at first"]


def test_the_next_run_that_is_not_stopped_succeeds_by_itself(story: Story) -> None:
    assert story.last.exit_code == 0, story.last.output
    assert story.publications["in the end"] != story.publications["at first"]


def test_it_makes_the_tables_of_a_world_that_nothing_disturbed(story: Story) -> None:
    disturbed, undisturbed = _tables(story.world), _tables(story.undisturbed)
    assert disturbed.keys() == undisturbed.keys()
    assert len(disturbed["core.fct_orders"]) == 18
    differing = [name for name, rows in disturbed.items() if rows != undisturbed[name]]
    assert differing == []


def test_every_row_is_accounted_for_once(story: Story) -> None:
    query = """
        select table_name, sum(rows_read), sum(rows_valid), sum(rows_quarantined), sum(rows_duplicate)
        from quality.fct_row_balances group by all order by all
    """
    balances = [("customers", 18, 18, 0, 0), ("orders", 18, 18, 0, 0)]
    assert story.world.published(query) == story.undisturbed.published(query) == balances


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_run_is_marked_failed_in_the_records(story: Story, moment: str) -> None:
    assert dict(story.statuses)[story.killed[moment]] is dg.DagsterRunStatus.FAILURE


def test_no_run_seems_to_go_on_for_ever(story: Story) -> None:
    assert [run_id for run_id, status in story.statuses if status in GOING_ON] == []


def test_nothing_is_left_aside(story: Story) -> None:
    left = [path for path in story.world.home.rglob("*") if "aside" in path.name or path.suffix == ".wal"]
    assert left == []


def test_every_load_is_whole_and_judged(story: Story) -> None:
    lake = story.world.home / "lake"
    loads = {path.name for path in lake.glob("raw/shop/*/*")}
    assert loads == {path.parent.name for path in lake.glob("raw/shop/*/*/manifest.json")}
    assert loads == {load.load_id for load in story.world.lake.judged_loads()}


def test_ten_readers_see_whole_publications_and_no_error(story: Story) -> None:
    assert len(story.readers) == READER_COUNT
    assert [fault for report in story.readers for fault in report.faults] == []
    assert all(report.looks > 5 for report in story.readers)
    assert all(len(report.runs) == len(set(report.runs)) == 2 for report in story.readers)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("built") / "build.duckdb"
    with duckdb.connect(str(path)) as connection:
        for table in ("core.fct_orders", "marts.fct_customer_value", "quality.fct_row_balances"):
            connection.execute(f"create schema {table.split('.')[0]}")
            connection.execute(f"create table {table} as select range as number from range(10000)")
    return path


def test_ten_readers_see_no_mixture_while_publishers_are_killed(built: Path, tmp_path: Path) -> None:
    with _publishing(built, tmp_path, 0) as publisher:
        _heard(publisher, "0")
        with reading(tmp_path, count=READER_COUNT, pause=0.3) as readers:
            _heard(publisher, "5")
            publisher.kill()
            for first in (100, 200):
                with _publishing(built, tmp_path, first) as publisher:
                    _heard(publisher, f"{first + 2}")
                    _until(publisher, lambda: any((tmp_path / "publications").glob(".aside-*")))
                    publisher.kill()
    assert [fault for report in readers.reports for fault in report.faults] == []
    assert all(len(report.runs) == len(set(report.runs)) > 3 for report in readers.reports)


def test_a_publication_that_the_disk_has_no_room_for_leaves_the_former(built: Path, tmp_path: Path) -> None:
    with _publishing(built, tmp_path, 0) as publisher:
        _heard(publisher, "0")
        publisher.kill()
    former = (tmp_path / "published").resolve()
    with _publishing(built, tmp_path, 1, preexec_fn=_limit_files) as publisher:
        assert publisher.wait() == 1
    assert (tmp_path / "published").resolve() == former
    assert [path.name for path in (tmp_path / "publications").iterdir()] == [former.name]


def _limit_files() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (TOO_LITTLE, TOO_LITTLE))


@contextmanager
def _publishing(built: Path, home: Path, first: int, **options: Any) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", PUBLISHER, str(built), str(home), str(first)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options) as publisher:
        yield publisher
