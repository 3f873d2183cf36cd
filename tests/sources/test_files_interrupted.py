"""A run that dies, or a disk that fills up, leaves nothing that anybody would see."""

import os
import resource
import signal
from pathlib import Path

import pytest
from conftest import Shop

from orchestration.lake import LoadWriter
from orchestration.sources.files import SourceUnavailable


def in_a_process_of_its_own(action) -> int:
    """The exit status of an action in a fork."""
    child = os.fork()
    if child == 0:
        try:
            action()
        except SourceUnavailable:
            os._exit(3)
        except BaseException as error:
            is_full = any(told in str(error) for told in ("File too large", "No space left"))
            os._exit(28 if is_full else 1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_kill_between_writing_and_committing_leaves_nothing_visible(shop: Shop, monkeypatch) -> None:
    shop.write("orders.csv", "order_id\n1\n")

    def killed(*_: object, **__: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    with monkeypatch.context() as patched:
        patched.setattr(LoadWriter, "commit", killed)
        assert in_a_process_of_its_own(shop.extract) == -signal.SIGKILL
    assert shop.lake.raw_loads("shop", "orders") == ()
    assert shop.lake.sweep() == 1
    assert shop.rows() == [("1",)]


@pytest.mark.parametrize("name", ["orders.csv", "orders.parquet", "orders.jsonl"])
def test_a_disk_that_fills_up_is_an_error_of_the_run_and_no_refusal(shop: Shop, name: str) -> None:
    import duckdb

    with duckdb.connect(":memory:") as connection:
        connection.execute(
            f"copy (select md5(i::varchar) as order_id, md5(md5(i::varchar)) as x from range(200000) as t(i)) "
            f"to '{shop.folder / name}' (format {'json' if 'json' in name else name.rsplit('.')[-1]})"
        )

    def with_a_small_disk() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, 3_000_000))
        shop.extract()

    assert in_a_process_of_its_own(with_a_small_disk) == 28
    assert shop.lake.raw_loads("shop", "orders") == ()
    assert not list(Path(shop.lake.root).rglob("*.parquet"))
    assert shop.load().row_count == 200_000


def test_nothing_but_parts_and_manifest_is_left_of_a_load(shop: Shop) -> None:
    shop.write("orders.csv", "order_id\n1\n")
    load = shop.load()
    assert sorted(path.name for path in load.directory.iterdir()) == ["manifest.json", "part-00000.parquet"]
    assert [path.name for path in load.directory.parent.iterdir()] == [load.load_id]
    shop.write("orders.csv", "order_id\n1,2\n")
    refused = shop.load()
    assert [path.name for path in refused.directory.iterdir()] == ["manifest.json"]
