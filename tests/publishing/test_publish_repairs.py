"""What a repair changed is published as a whole publication would have it, and the rest is not written again."""

import json
from datetime import date
from pathlib import Path

import duckdb
import pytest

from orchestration import publishing
from orchestration.publishing import parquet

KEYS = {"fct_orders": ["source_system", "order_id"], "dim_customers": ["customer_key"]}
DAYS = {"fct_orders": "ordered_on"}


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(parquet, "PARTED_FROM_ROWS", 3)
    path = tmp_path / "build.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("""
            create schema core; create schema marts; create schema quality; create schema changed;
            create table core.fct_orders (
                source_system varchar, order_id varchar, ordered_on date, net_amount decimal(28, 8)
            );
            comment on column core.fct_orders.order_id is 'The order.';
            insert into core.fct_orders values
                ('shop', '1', date '2026-01-05', 1.005), ('shop', '2', date '2026-04-05', 2),
                ('shop', '3', date '2026-07-05', 3), ('shop', '4', null, 4);
            create table core.dim_customers (customer_key varchar, name varchar);
            insert into core.dim_customers values ('a', 'Ann'), ('b', 'Bo');
            create table marts.fct_periods (period_start date, order_count bigint);
            insert into marts.fct_periods values (date '2026-01-01', 1);
        """)
    return path


def publish(home: Path, built: Path, state: str, *, repaired_from: str | None = None) -> publishing.Publication:
    repair = publishing.repair_of(home, built, KEYS, repaired_from=repaired_from)
    return publishing.publish(
        built, home, run_id=state, as_of=date(2026, 3, 31), git="g", state=state, days=DAYS, repair=repair
    )


def repair(built: Path) -> None:
    """Order 2 is corrected, 5 is new, 4 is gone; no customer changed; the mart is another."""
    with duckdb.connect(str(built)) as connection:
        connection.execute("""
            create table changed.fct_orders as
                select *, false as is_added from core.fct_orders where order_id in ('2', '4')
                union all select 'shop', '2', date '2026-04-05', 2.5, true
                union all select 'shop', '5', date '2026-07-06', 5, true;
            create table changed.dim_customers as select *, true as is_added from core.dim_customers where false;
            delete from core.fct_orders where order_id in ('2', '4');
            insert into core.fct_orders select * exclude (is_added) from changed.fct_orders where is_added;
            update marts.fct_periods set order_count = 2;
        """)


def rows(publication: publishing.Publication, table: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(publication.database), read_only=True) as connection:
        found = connection.execute(f"select * from {table} order by all").fetchall()
    schema, _, name = table.partition(".")
    folder = publication.directory / "parquet" / schema / name
    assert duckdb.sql(f"select * from '{folder}/*.parquet' order by all").fetchall() == found
    return found


def parts(publication: publishing.Publication, table: str) -> dict[str, int]:
    folder = publication.directory / "parquet" / table
    return {file.stem: file.stat().st_ino for file in folder.iterdir()}


def test_a_repaired_publication_is_the_whole_one(tmp_path: Path, built: Path) -> None:
    publish(tmp_path / "home", built, "before")
    repair(built)
    repaired = publish(tmp_path / "home", built, "after", repaired_from="before")
    whole = publish(tmp_path / "other", built, "after")
    for table in ("core.fct_orders", "core.dim_customers", "marts.fct_periods"):
        assert rows(repaired, table) == rows(whole, table), table
    assert [row[1] for row in rows(repaired, "core.fct_orders")] == ["1", "2", "3", "5"]
    assert rows(repaired, "core.fct_orders")[0][3].as_tuple().exponent == -2
    with duckdb.connect(str(repaired.database), read_only=True) as connection:
        said = connection.execute("select comment from duckdb_columns() where column_name = 'order_id'").fetchall()
    assert said == [("The order.",)]


def test_only_quarters_and_tables_that_changed_are_written_again(tmp_path: Path, built: Path) -> None:
    before = publish(tmp_path / "home", built, "before")
    repair(built)
    after = publish(tmp_path / "home", built, "after", repaired_from="before")
    former, present = parts(before, "core/fct_orders"), parts(after, "core/fct_orders")
    assert present.keys() == {"2026-q1", "2026-q2", "2026-q3"}
    assert former.keys() == present.keys() | {"undated"}
    assert {name for name in present if present[name] == former[name]} == {"2026-q1"}
    assert parts(before, "core/dim_customers") == parts(after, "core/dim_customers")
    assert parts(before, "marts/fct_periods") != parts(after, "marts/fct_periods")


def test_the_manifest_lists_every_file(tmp_path: Path, built: Path) -> None:
    publication = publish(tmp_path / "home", built, "before")
    folder = publication.directory / "parquet"
    listed = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["tables"]
    files = [file for table in listed for file in table["files"]]
    assert sorted(files) == sorted(str(path.relative_to(folder)) for path in folder.rglob("*.parquet"))


def test_a_publication_of_another_state_is_not_the_base_of_a_repair(tmp_path: Path, built: Path) -> None:
    publish(tmp_path / "home", built, "before")
    assert publishing.repair_of(tmp_path / "home", built, KEYS, repaired_from="another") is None
    assert publishing.repair_of(tmp_path / "home", built, KEYS, repaired_from=None) is None
    assert publishing.repair_of(tmp_path / "nowhere", built, KEYS, repaired_from="before") is None


def test_a_change_that_is_not_told_of_is_refused_and_the_former_publication_stays(tmp_path: Path, built: Path) -> None:
    before = publish(tmp_path / "home", built, "before")
    repair(built)
    with duckdb.connect(str(built)) as connection:
        connection.execute("insert into core.dim_customers values ('c', 'Cy')")
    with pytest.raises(RuntimeError, match=r"core.dim_customers would be published with \(2,\) rows instead of \(3,\)"):
        publish(tmp_path / "home", built, "after", repaired_from="before")
    assert publishing.latest(tmp_path / "home") == before
