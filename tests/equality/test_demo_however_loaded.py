"""The demo company, read at one go or as its systems would bring it day by day: what is published is the same.

The rows are cut by the day on which they were written. One warehouse reads them in order, each load with the rows
of the load before once more, and one of its runs is killed while it builds; another reads the newest rows first.
"""

import json
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
import yaml
from differences import OF_LOADS, PUBLISHED, STAMPS, Difference, difference, tables_of
from worlds import Ended, World

from orchestration.lake import JudgedLoad

pytestmark = pytest.mark.slow

LOAD_COUNT = 3
CUSTOMER_COUNT = 100
# Whether what a row refers to was there already is for the day to say on which it was judged.
OF_THE_DAY = STAMPS | {"failed_rules"}
# A row of any other table comes with the first load: nobody knows when it was written.
WRITTEN_AT = {
    "customers": "updated_at",
    "leads": "updated_at",
    "opportunities": "updated_at",
    "orders": "updated_at",
    "order_lines": "(select max(ordered_at) from read_parquet($orders) as orders where order_id = rows.order_id)",
    "refunds": "refunded_at",
    "subscriptions": "updated_at",
    "web_events": "occurred_at",
    "interactions": "occurred_at",
    "tickets": "updated_at",
    "survey_responses": "coalesce(responded_at, sent_at)",
    "campaign_touches": "touched_at",
    "marketing_spend": "spend_date",
    "loyalty_movements": "occurred_at",
    "exchange_rates": "rate_date",
    "consents": "recorded_at",
    "erasure_requests": "requested_at",
}


@dataclass(frozen=True)
class Story:
    """The worlds, and how runs of interest ended."""

    at_one_go: World
    day_by_day: World
    newest_first: World
    killed_after: float
    rerun: Ended
    published_day_by_day: Path


@pytest.fixture(scope="module")
def story(new_world: Callable[[str], World]) -> Story:
    at_one_go = _demo(new_world("at_one_go"))
    at_one_go.build()
    day_by_day, newest_first = new_world("day_by_day"), new_world("newest_first")
    for world in (day_by_day, newest_first):
        _configure(world, at_one_go)
    _deliver(at_one_go, day_by_day, 0)
    day_by_day.build()
    _deliver(at_one_go, day_by_day, 1, again=0)
    killed_after = _killed_while_building(day_by_day)
    rerun = day_by_day.run()
    assert rerun.exit_code == 0, rerun.output
    _deliver(at_one_go, day_by_day, 2, again=1)
    day_by_day.build()
    published = day_by_day.database.resolve()
    day_by_day.build(full_refresh=True)
    _deliver(at_one_go, newest_first, LOAD_COUNT - 1)
    newest_first.build()
    for load in range(LOAD_COUNT - 1):
        _deliver(at_one_go, newest_first, load)
    newest_first.build()
    return Story(at_one_go, day_by_day, newest_first, killed_after, rerun, published)


def _demo(world: World) -> World:
    ended = world.command("demo", "--customers", f"{CUSTOMER_COUNT}", "--out", ".")
    assert ended.exit_code == 0, ended.output
    return world


def _configure(world: World, demo: World) -> None:
    """The demo's own configuration, but that each table is a folder of Parquet files."""
    content = yaml.safe_load((demo.folder / "lifecycle.yml").read_text(encoding="utf-8"))
    for source in content["sources"]:
        for table, settings in source.get("tables", {}).items():
            columns = {"columns": settings["columns"]} if "columns" in settings else {}
            source["tables"][table] = {"file": f"{table}/*.parquet", **columns}
        world.write(f"{source['name']}/nothing.txt", "")
    world.write("lifecycle.yml", json.dumps(content))


def _deliver(demo: World, world: World, load: int, *, again: int | None = None) -> None:
    """Write the rows of a load as files of the world's sources, after the valid ones of an earlier load."""
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        for judged in demo.lake.judged_loads():
            _cut(connection, demo, judged)
            folder = world.folder / judged.source_system / judged.table_name
            folder.mkdir(exist_ok=True)
            chosen = f"load = {load}" + (f" or load = {again} and is_valid" if again is not None else "")
            connection.execute(
                f"copy (select * exclude (load, is_valid, _row_number, _file) from cut where {chosen} "
                f"order by load, _row_number) to '{folder / f'{load}.parquet'}'"
            )


def _cut(connection: duckdb.DuckDBPyConnection, demo: World, judged: JudgedLoad) -> None:
    """Say of each raw row with which load it comes: by its time of writing, so that all loads have rows.

    A refused row comes with the last valid version of its key, which then has not mended it in any of the worlds.
    """
    raw = [str(path) for path in demo.lake.raw_load(judged.load_id).parts]
    files = {"valid": [str(judged.valid_path)], "refused": [str(judged.quarantine_path)], "raw": raw}
    if judged.table_name == "order_lines":
        files["orders"] = [str(demo.judged("orders").valid_path)]
    written_at = WRITTEN_AT.get(judged.table_name, "null")
    has_refused = judged.verdict["rows_quarantined"] > 0
    if not has_refused:
        files["refused"] = files["valid"]
    connection.execute(
        f"""
        create or replace temp table cut as
        with written as (
            select row_number, row_key, cast({written_at} as timestamp) as written_at from read_parquet($valid) as rows
        ),
        placed as (
            select
                *,
                case when written_at is null then 0 else ntile({LOAD_COUNT}) over in_time - 1 end as load
            from written
            window in_time as (order by written_at, row_number)
        ),
        refused as (
            select row_number, row_key from read_parquet($refused) where {has_refused}
        ),
        refused_placed as (
            select refused.row_number, max(placed.load) as load
            from refused left join placed on refused.row_key = placed.row_key
            group by refused.row_number
        )
        select
            raw.*,
            placed.row_number is not null as is_valid,
            coalesce(placed.load, refused_placed.load, raw._row_number % {LOAD_COUNT}) as load
        from read_parquet($raw) as raw
        left join placed on raw._row_number = placed.row_number
        left join refused_placed on raw._row_number = refused_placed.row_number
        """,
        files,
    )


def _killed_while_building(world: World) -> float:
    """Kill a run without warning at a random moment while dbt builds; says how long after it began to."""
    moment = random.uniform(0, 4)
    with world.start("run") as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "Building the models" in line:
                break
        time.sleep(moment)
        assert process.poll() is None, "the run ended before it could be killed"
        process.kill()
    return moment


def _compared(left: Path, right: Path, *, without: frozenset[str] = OF_THE_DAY) -> Sequence[Difference]:
    with duckdb.connect() as connection:
        connection.execute(f"attach '{left}' as one (read_only); attach '{right}' as other (read_only)")
        tables = [table for table in tables_of(connection, "one", PUBLISHED) if not table.endswith(tuple(OF_LOADS))]
        assert len(tables) > 30
        found = [difference(connection, table, "one", "other", without=without) for table in tables]
    return [one for one in found if one]


def _told(found: Sequence[Difference]) -> str:
    return "\n".join(map(str, found))


def test_day_by_day_with_rows_told_twice_and_a_killed_run_publishes_what_one_go_does(story: Story) -> None:
    found = _compared(story.published_day_by_day, story.at_one_go.database)
    assert not found, f"killed {story.killed_after:.3f} s after it began to build:\n{_told(found)}"


def test_after_a_killed_run_everything_is_built_anew(story: Story) -> None:
    assert "Building the models" in story.rerun.output


def test_a_full_refresh_publishes_what_the_repairs_did(story: Story) -> None:
    found = _compared(story.published_day_by_day, story.day_by_day.database, without=frozenset())
    assert not found, _told(found)


def test_the_newest_rows_first_publishes_what_one_go_does(story: Story) -> None:
    found = _compared(story.newest_first.database, story.at_one_go.database)
    assert not found, _told(found)
