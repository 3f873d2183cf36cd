"""A run that dies, or a disk that fills up, leaves nothing that anybody would see."""

import os
import resource
import signal
from concurrent.futures.process import BrokenProcessPool

import duckdb
import pytest
from files_shop import Shop, in_a_process_of_its_own

from orchestration.lake import LoadWriter


def killed(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def small_disk() -> None:
    """No file may grow beyond 3 MB."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, 3_000_000))


def test_a_kill_between_writing_and_committing_leaves_nothing_visible(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.write("orders.csv", "order_id\n1\n")
    monkeypatch.setattr(LoadWriter, "commit", killed)
    with pytest.raises(BrokenProcessPool):
        in_a_process_of_its_own(shop.extract)
    monkeypatch.undo()
    assert shop.lake.raw_loads("shop", "orders") == ()
    assert shop.lake.sweep() == 1
    assert shop.rows() == [("1",)]


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
def test_a_disk_that_fills_up_is_an_error_of_the_run_and_no_refusal(shop: Shop, ending: str) -> None:
    rows = "select md5(i::varchar) as order_id, md5(md5(i::varchar)) as x from range(200000) as t(i)"
    with duckdb.connect(":memory:") as connection:
        path = shop.folder / f"orders.{ending}"
        connection.execute(f"copy ({rows}) to '{path}' (format {ending.removesuffix('l')})")
    with pytest.raises((OSError, duckdb.IOException), match=r"File too large|No space left"):
        in_a_process_of_its_own(shop.extract, prepare=small_disk)
    assert shop.lake.raw_loads("shop", "orders") == ()
    assert not list(shop.lake.root.rglob("*.parquet"))
    assert shop.load().row_count == 200_000


def test_nothing_but_parts_and_manifest_is_left_of_a_load(shop: Shop) -> None:
    shop.write("orders.csv", "order_id\n1\n")
    load = shop.load()
    assert sorted(path.name for path in load.directory.iterdir()) == ["manifest.json", "part-00000.parquet"]
    assert [path.name for path in load.directory.parent.iterdir()] == [load.load_id]
    shop.write("orders.csv", "order_id\n1,2\n")
    refused = shop.load()
    assert [path.name for path in refused.directory.iterdir()] == ["manifest.json"]
