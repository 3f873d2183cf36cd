"""The same warehouse on DuckDB, on Spark in one process and on a cluster of it, through losses of each.

One home lives through all of it, so that every engine reads the same lake, and what is published can be
compared table by table with what was published before.
"""

import hashlib
import json
import math
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from clusters import QUICK_JAVA, cluster, end, java_of
from test_end_to_end import ANSWERS, CUSTOMERS, ORDERS, RATES, REFUNDS
from worlds import SHOP, Ended, World

DEMO = {"name": "made_up", "type": "demo", "customers": 50}
DAYS = {day: ("--as-of", day) for day in ("2026-06-30", "2026-07-03")}
FIRST_DAY, LATER_DAY = DAYS.values()
# An order turns out to be of another day, one is paid back, one comes three months late, somebody buys again.
LATER_ORDERS = """\
    order_id,customer_id,ordered_at,status,net_amount,currency
    o06,true,2026-06-19 12:00,completed,30.00,CNY
    o14,looker,2026-04-02 12:00,completed,70.00,CNY
    o15,gone,2026-07-02 12:00,completed,90.00,CNY
"""
LATER_REFUNDS = "refund_id,order_id,refunded_at,amount\nr2,o09,2026-07-01 09:00,80.00\n"
# When the run was and when it read its files, which no two runs share.
OF_THE_RUN = {"publish_info": None, "fct_source_freshness": {"loaded_at"}}
# Few rows: compiling an expression for them takes longer than they do, and so does a buffer of 4 MB for each broadcast.
# That compiled expressions do well is for the cluster to show.
A_SESSION = {
    "master": "local[2]",
    "memory": "2g",
    "conf": {
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.broadcast.blockSize": "256k",
    },
}
# The cluster builds some tables and all that leads to them: what it does with one model it does with every other.
BY_CLUSTER = {"core": ("fct_survey_responses", "fct_web_sessions")}
SOME = ("--select", " or ".join(f'+key:"{layer}/{name}"' for layer, names in BY_CLUSTER.items() for name in names))
HALF_WRITTEN = "orders/source=shop/load=99991231T235959000000Z_abcdef01"


@dataclass(frozen=True)
class Story:
    """What each run said, what it published, how the tests of Spark's ended, and the lake before and after it."""

    ended: Mapping[str, Ended]
    published: Mapping[str, Path]
    tested: Mapping[str, str]
    lake_before: Mapping[str, str]
    lake_after: Mapping[str, str]


@pytest.fixture(scope="module")
def story(new_world: Callable[[str], World]) -> Story:
    world = new_world("engines")
    ended: dict[str, Ended] = {}
    published: dict[str, Path] = {}

    def note(name: str, run: Ended) -> None:
        ended[name], published[name] = run, world.database.resolve()

    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("JAVA_TOOL_OPTIONS", QUICK_JAVA)
        _write(world)
        _configure(world, engine="spark", spark=A_SESSION)
        note("session", world.run(*FIRST_DAY))
        tested = _tested(world)
        _write_half(world)
        before = _hashes(world.home / "lake")
        world.write("shop/orders/later.csv", LATER_ORDERS)
        world.write("shop/refunds/later.csv", LATER_REFUNDS)
        note("repair", world.run(*LATER_DAY))
        after = _hashes(world.home / "lake")
        _configure(world, engine="duckdb")
        note("duckdb", world.run(*LATER_DAY))
        _configure(world, engine="spark", spark=A_SESSION)
        note("session died", _run_and(world, lambda pid: end(java_of(pid))))
        with cluster(world.folder / "cluster") as spark:
            _configure(world, engine="spark", spark={"url": spark.url})
            note("cluster", _run_and(world, lambda _: end(spark.executors()[0]), *SOME))
            assert ended["cluster"].exit_code == 0, ended["cluster"].output
            published["cluster"] = _kept(world)
            note("cluster died", _run_and(world, lambda _: spark.kill(), *SOME))
        note("cluster gone", world.run("--full-refresh", *LATER_DAY))
        ended["checked without cluster"] = world.command("check", "--connect")
    return Story(ended, published, tested, before, after)


def _write(world: World) -> None:
    files = {"customers": CUSTOMERS, "orders": ORDERS, "refunds": REFUNDS}
    for name, content in {**files, "exchange_rates": RATES, "survey_responses": ANSWERS}.items():
        world.write(f"shop/{name}/first.csv", content)


def _write_half(world: World) -> None:
    """A load that another engine is writing: rows, but no verdict on them yet."""
    valid = world.home / "lake" / "valid"
    target = valid / HALF_WRITTEN / "part-0.parquet"
    target.parent.mkdir(parents=True)
    shutil.copy(next((valid / "orders" / "source=shop").glob("load=2*/part-0.parquet")), target)


def _configure(world: World, **warehouse: Any) -> None:
    reporting = {"reporting_timezone": "Asia/Shanghai", "reporting_currency": "CNY"}
    world.configure((*SHOP, DEMO), **reporting, **warehouse)


def _kept(world: World) -> Path:
    """What the cluster built, as tables that outlive its files."""
    built, kept = world.home / "warehouse" / "spark" / "built.duckdb", world.folder / "cluster.duckdb"
    with duckdb.connect(str(kept)) as connection:
        connection.execute(f"attach '{built}' as built (read_only)")
        for layer, names in BY_CLUSTER.items():
            connection.execute(f"create schema {layer}")
            for name in names:
                connection.execute(f"create table {layer}.{name} as from built.{layer}.{name}")
    return kept


def _run_and(world: World, strike: Callable[[int], None], *arguments: str) -> Ended:
    """Build, and once the first model is built strike whatever carries it, by the run's process."""
    told = []
    with world.start("run", *arguments, *LATER_DAY) as process:
        assert process.stdout is not None
        for line in process.stdout:
            told.append(line)
            if " Built " in line:
                strike(process.pid)
                break
        told.append(process.communicate()[0])
    return Ended(process.returncode, "".join(told))


def _tested(world: World) -> Mapping[str, str]:
    """The data tests of the last build, and how each ended."""
    told = json.loads((world.home / "dbt" / "run_results.json").read_text(encoding="utf-8"))
    return {of["unique_id"]: of["status"] for of in told["results"] if of["unique_id"].startswith("test.")}


def _hashes(folder: Path) -> Mapping[str, str]:
    """Every file of rows and its content; notes of when a source was read differ from run to run."""
    files = [path for path in folder.rglob("*.parquet") if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize("name", ["duckdb", "session", "repair", "cluster"])
def test_each_engine_builds(story: Story, name: str) -> None:
    assert story.ended[name].exit_code == 0, story.ended[name].output


def test_every_table_that_a_session_built_and_repaired_is_that_of_duckdb_row_for_row(story: Story) -> None:
    assert "Everything is rebuilt" not in story.ended["repair"].output
    expected, found = _tables(story.published["duckdb"]), _tables(story.published["repair"])
    assert story.published["repair"] not in (story.published["duckdb"], story.published["session"])
    assert len(expected) > 30
    assert found.keys() == expected.keys()
    assert [name for name, table in expected.items() if found[name].comments != table.comments] == []
    assert _differences(expected, found) == []


def test_what_a_cluster_builds_while_an_executor_dies_is_that_of_duckdb(story: Story) -> None:
    expected, found = _tables(story.published["duckdb"]), _tables(story.published["cluster"])
    assert sorted(found) == sorted(f"{layer}.{name}" for layer, names in BY_CLUSTER.items() for name in names)
    assert _differences({name: expected[name] for name in found}, found) == []


def test_the_world_that_is_compared_has_rows_in_every_mart(story: Story) -> None:
    tables = _tables(story.published["duckdb"])
    empty = [name for name, table in tables.items() if name.startswith("marts.") and not table.rows]
    # so few buyers come back that no model of value is fitted to them
    assert empty == ["marts.fct_predictions", "marts.fct_value_calibration", "marts.fct_value_models"]


def test_the_models_data_tests_hold_on_spark(story: Story) -> None:
    assert len(story.tested) > 200
    assert set(story.tested.values()) <= {"pass", "warn"}


def test_the_lake_is_read_and_left_as_it_is(story: Story) -> None:
    assert story.lake_before
    assert story.lake_before.items() <= story.lake_after.items()


def test_a_load_that_another_engine_has_not_finished_is_not_read(story: Story) -> None:
    assert f"valid/{HALF_WRITTEN}/part-0.parquet" in story.lake_after
    with duckdb.connect(str(story.published["repair"]), read_only=True) as connection:
        assert connection.execute("select count(*) from core.fct_orders where order_id = 'o01'").fetchone() == (1,)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("session died", "Spark's process ended while it worked; see "),
        ("cluster died", "went away; start it and run again"),
        ("cluster gone", "cannot be reached (Connection refused); start it, or mend warehouse.spark.url"),
    ],
)
def test_a_spark_that_is_lost_ends_the_run_with_a_word_and_no_damage(story: Story, name: str, told: str) -> None:
    assert story.ended[name].exit_code == 1
    assert told in story.ended[name].output
    assert "Nothing was published" in story.ended[name].output
    assert story.published[name] == story.published["duckdb"]


def test_a_check_says_that_the_server_is_not_there(story: Story) -> None:
    ended = story.ended["checked without cluster"]
    assert ended.exit_code == 2
    assert "cannot be reached" in ended.output


@dataclass(frozen=True)
class Table:
    """A published table: names and types, comments, and rows in an order that hangs on no floating point."""

    columns: list[tuple[str, str]]
    comments: list[str | None]
    rows: list[tuple[Any, ...]]


def _differences(expected: Mapping[str, Table], found: Mapping[str, Table]) -> list[str]:
    """Of each table that differs, what does first."""
    told = {name: _difference(table, found[name]) for name, table in expected.items()}
    return [f"{name}: {difference}" for name, difference in told.items() if difference]


def _difference(expected: Table, found: Table) -> str | None:
    if found.columns != expected.columns:
        return f"{expected.columns} on DuckDB, {found.columns} on Spark"
    if len(found.rows) != len(expected.rows):
        return f"{len(expected.rows)} rows on DuckDB, {len(found.rows)} on Spark"
    pairs = zip(expected.rows, found.rows, strict=True)
    return next((f"{one} on DuckDB, {other} on Spark" for one, other in pairs if not _are_equal(one, other)), None)


def _tables(database: Path) -> Mapping[str, Table]:
    with duckdb.connect(str(database), read_only=True) as connection:
        query = "select schema_name, table_name, comment from duckdb_tables()"
        return {
            f"{schema}.{name}": _table(connection, schema, name, comment)
            for schema, name, comment in connection.execute(query).fetchall()
            if OF_THE_RUN.get(name, set()) is not None
        }


def _table(connection: duckdb.DuckDBPyConnection, schema: str, name: str, comment: str | None) -> Table:
    told = connection.execute(
        "select column_name, data_type, comment from duckdb_columns() "
        "where schema_name = ? and table_name = ? order by column_index",
        [schema, name],
    ).fetchall()
    compared = [column for column in told if column[0] not in (OF_THE_RUN.get(name) or set())]
    selected = ", ".join(f'"{column}"' for column, _, _ in compared)
    rows = connection.execute(f'select {selected} from {schema}."{name}"').fetchall()
    return Table([told[:2] for told in compared], [comment, *(told[2] for told in compared)], sorted(rows, key=_order))


def _order(row: tuple[Any, ...]) -> tuple[list[str], list[float]]:
    exact = [repr(value) for value in row if not isinstance(value, float)]
    return exact, [round(value, 6) for value in row if isinstance(value, float)]


def _are_equal(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    return all(
        math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9) if isinstance(a, float) and isinstance(b, float) else a == b
        for a, b in zip(one, other, strict=True)
    )
