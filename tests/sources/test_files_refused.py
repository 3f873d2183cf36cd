"""What cannot be read becomes a refused load that says why; nothing of it is taken."""

import gzip
import io
import os
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from files_shop import Shop, in_a_process_of_its_own, workbook, zipped

from orchestration.lake import Lake
from orchestration.sources import archives, delimited
from orchestration.sources.files import SourceUnavailable


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "orders.csv is empty: not even a header"),
        ("\ufeff", "orders.csv is empty: not even a header"),
        (
            "order_id,x,x,Order_ID\n1,2,3,4\n",
            "'order_id', 'x', 'Order_ID' stands more than once in the header",
        ),
        ("order_id,,x\n1,2,3\n", "column 2 of 3 has no name"),
        ("order_id,x,\n1,2,\n", "column 3 of 3 has no name"),
        ("order_id,_file\n1,2\n", "the column name '_file' is reserved"),
        ("order_id,x\n1,2\n3,4,5\n", "line 3 has 3 columns where the header has 2"),
        ("order_id,x\n1,2\n3\n", "line 3 has 1 columns where the header has 2"),
        ('order_id,x\n1,2\n3,"4\n5,6\n', "line 3 holds a quote that is not closed"),
        ('order_id,x\n1,"2"2\n', "line 2 holds a quote that is not closed, or not doubled"),
        (b"order_id,x\n1,\0\n", "orders.csv holds zero bytes in line 2"),
        ("x" * 2_000_000, "cannot be understood as a header"),
        (",".join(f"c{number}" for number in range(2001)) + "\n", "has 2001 columns, more than 2000"),
    ],
)
def test_a_malformed_text_file_is_refused(shop: Shop, content: str | bytes, reason: str) -> None:
    shop.write("orders.csv", content)
    assert reason in shop.refusal()


def test_a_broken_row_deep_in_a_file_is_named_by_its_line(shop: Shop) -> None:
    lines = "".join(f"{number},x\n" for number in range(300_000))
    shop.write("orders.csv", f"order_id,x\n{lines}1,2,3\n{lines}")
    assert "line 300002 has 3 columns" in shop.refusal()


def test_values_of_a_broken_row_are_not_told(shop: Shop) -> None:
    shop.write("orders.csv", "order_id,email\n1,anna@example.com,x\n")
    assert "anna" not in shop.refusal()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('{"a": 1}\n{"a": 2\n', "line 2 is not JSON"),
        ('{"a": 1}\n\n[1]\n', "line 3 is JSON but no object"),
        ('{"a": NaN}\n', "line 1 is not JSON"),
        ("[" * 100_000 + "\n", "line 1 is not JSON"),
        ('{"a": "\\ud800"}\n', "line 1 holds half a character"),
        ('{"a": 1, "A": 2}\n', "'a', 'A' stands more than once"),
        ("".join(f'{{"k{number}": 1}}\n' for number in range(2001)), "more than 2000 names by line 2001"),
    ],
)
def test_malformed_json_lines_are_refused(shop: Shop, content: str, reason: str) -> None:
    shop.write("orders.jsonl", content)
    assert reason in shop.refusal()


def test_a_line_of_100_megabytes_is_refused(shop: Shop) -> None:
    shop.write("orders.csv.gz", gzip.compress(b"order_id\n" + b"x" * 100_000_000, compresslevel=1))
    assert "line 2 is longer than 16 MB" in shop.refusal()


def test_a_value_without_end_is_refused(shop: Shop) -> None:
    shop.write("orders.csv", b'order_id,x\n1,"' + b"word after word\n" * 2_000_000 + b'"\n')
    assert "orders.csv: line" in shop.refusal() or "orders.csv: a line" in shop.refusal()


@pytest.mark.parametrize("name", ["orders.csv.gz", "orders.zip", "orders.parquet", "orders.xlsx"])
@pytest.mark.parametrize("damage", ["cut", "garbled", "empty"])
def test_a_damaged_file_is_refused(shop: Shop, name: str, damage: str) -> None:
    rows = "order_id\n" + "".join(f"{number * 7919 % 100_003}\n" for number in range(20_000))
    whole = shop.folder / name
    if name.endswith("gz"):
        whole.write_bytes(gzip.compress(rows.encode()))
    elif name.endswith("zip"):
        whole.write_bytes(zipped(orders__csv=rows))
    elif name.endswith("parquet"):
        pq.write_table(pa.table({"order_id": rows.split()}), whole)
    else:
        workbook(whole, ("First", [[value] for value in rows.split()[:500]]))
    content = whole.read_bytes()
    half = len(content) // 2
    garbled = content[:half] + bytes(byte ^ 0x5A for byte in content[half : half + 2000]) + content[half + 2000 :]
    whole.write_bytes({"cut": content[:half], "garbled": garbled, "empty": b""}[damage])
    reason = shop.refusal()
    assert reason.startswith(name)
    assert "deliver it" in reason


def test_a_protected_workbook_is_refused(shop: Shop) -> None:
    shop.write("orders.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4096))
    assert "protected by a password" in shop.refusal()


def test_an_empty_sheet_is_refused(shop: Shop) -> None:
    workbook(shop.folder / "orders.xlsx", ("First", []))
    assert "the sheet 'First' is empty" in shop.refusal()


def test_a_sheet_column_without_a_name_is_refused(shop: Shop) -> None:
    workbook(shop.folder / "orders.xlsx", ("First", [["order_id", None], ["1", "2"]]))
    assert "column 2 of 2 has no name" in shop.refusal()


def test_an_encrypted_zip_is_refused(shop: Shop) -> None:
    content = bytearray(zipped(orders__csv="order_id\n1\n"))
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + flags] |= 1
    shop.write("orders.zip", bytes(content))
    assert "is encrypted" in shop.refusal()


def test_a_zip_in_a_zip_and_one_without_a_table_are_refused(shop: Shop) -> None:
    outer = io.BytesIO()
    with zipfile.ZipFile(outer, "w") as archive:
        archive.writestr("orders.csv", "order_id\n1\n")
        archive.writestr("inner.zip", zipped(orders__csv="order_id\n2\n"))
    shop.write("orders.zip", outer.getvalue())
    assert "holds another archive" in shop.refusal()
    shop.write("orders.zip", zipped(read__me="hello"))
    assert "holds no file that is read" in shop.refusal()


@pytest.mark.parametrize("name", ["orders.csv.gz", "orders.zip", "orders.xlsx"])
def test_an_archive_made_to_fill_the_disk_is_refused(shop: Shop, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "SUSPICIOUS_BYTES", 20 << 20)
    lines = b"\n" * (30 << 20)
    if name.endswith("gz"):
        shop.write(name, gzip.compress(lines))
    else:
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("orders.csv", lines)
        shop.write(name, target.getvalue())
    assert "like an archive made to fill the disk" in shop.refusal()


def test_a_link_out_of_the_folder_is_refused(shop: Shop, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("order_id\n1\n")
    (shop.folder / "orders.csv").symlink_to(secret)
    assert "leads out of the source's folder" in shop.refusal()


def test_a_link_within_the_folder_is_followed(shop: Shop) -> None:
    shop.write("2026/orders_final.csv", "order_id\n1\n")
    (shop.folder / "orders.csv").symlink_to(shop.folder / "2026" / "orders_final.csv")
    assert shop.rows() == [("1",)]


@pytest.mark.parametrize(
    ("configured", "reason"),
    [
        ("../secret.csv", "leads out of the source's folder"),
        ("..", "leads out of the source's folder"),
        ("/", "leads out of the source's folder"),
        ("/*", "holds no file that is read"),
        ("nowhere.csv", "nowhere.csv is missing"),
        ("*.parquet", "holds no file that is read"),
        ("loop.csv", "leads to itself"),
        ("dangling.csv", "is a link that leads nowhere"),
        ("pipe.csv", "is not an ordinary file"),
        ("orders.doc", "is of a kind that is not read"),
    ],
)
def test_a_configured_file_that_cannot_be_taken_is_refused_once(
    shop: Shop, tmp_path: Path, configured: str, reason: str
) -> None:
    (tmp_path / "secret.csv").write_text("order_id\n1\n")
    (shop.folder / "loop.csv").symlink_to(shop.folder / "loop.csv")
    (shop.folder / "dangling.csv").symlink_to(shop.folder / "gone.csv")
    os.mkfifo(shop.folder / "pipe.csv")
    shop.write("orders.doc", "order_id\n1\n")
    shop.configure(file=configured)
    assert reason in shop.refusal()
    assert shop.extract() is None


def test_one_bad_file_refuses_all_that_came_with_it_and_no_other_table(shop: Shop) -> None:
    shop.write("orders/a.csv", "order_id\n1\n")
    shop.write("orders/b.csv", "order_id\n1,2\n")
    shop.write("customers.csv", "customer_id\n1\n")
    reason = shop.refusal()
    assert reason.startswith("orders/b.csv: line 2 has 2 columns")
    assert "All 2 files that came together are refused with it." in reason
    assert shop.rows("customers") == [("1",)]


def test_a_file_that_is_still_being_written_is_refused(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    path = shop.write("orders.csv", "order_id\n1\n")
    look = delimited.find_dialect

    def look_while_somebody_writes(*given):
        with path.open("a") as file:
            file.write("2\n")
        return look(*given)

    monkeypatch.setattr(delimited, "find_dialect", look_while_somebody_writes)
    assert "orders.csv changed while it was read" in shop.refusal()
    monkeypatch.undo()
    assert shop.rows() == [("1",), ("2",)]


def test_a_missing_folder_is_an_unavailable_source(shop: Shop) -> None:
    shop.folder.rmdir()
    with pytest.raises(SourceUnavailable, match=r"source shop: .* is not there; create or mount it"):
        shop.extract()
    shop.folder.write_text("a file")
    with pytest.raises(SourceUnavailable, match="shop"):
        shop.extract()


def nobody() -> None:
    """Give up every right, as far as there are any."""
    if os.geteuid() == 0:
        os.setgid(65534)
        os.setuid(65534)


@pytest.fixture
def open_shop() -> Iterator[Shop]:
    """A shop that another user may enter, with a lake that this user may write."""
    with tempfile.TemporaryDirectory() as base:
        Path(base).chmod(0o755)
        shop, lake = Path(base) / "shop", Path(base) / "lake"
        shop.mkdir()
        lake.mkdir()
        lake.chmod(0o777)
        yield Shop(shop, Lake(lake))


@pytest.mark.parametrize("mode", [0o000, 0o444, 0o111])
def test_a_folder_without_permission_is_an_unavailable_source(open_shop: Shop, mode: int) -> None:
    open_shop.folder.chmod(mode)
    with pytest.raises(SourceUnavailable, match=r"shop cannot be entered; let this user read and enter"):
        in_a_process_of_its_own(open_shop.extract, prepare=nobody)


@pytest.mark.parametrize("configured", ["in/a.csv", "in/*.csv", "in"])
def test_a_folder_within_that_cannot_be_entered_is_refused(open_shop: Shop, configured: str) -> None:
    open_shop.write("in/a.csv", "order_id\n1\n").parent.chmod(0)
    open_shop.configure(file=configured)
    assert in_a_process_of_its_own(open_shop.refusal, prepare=nobody).startswith("in")


def test_a_file_without_permission_is_refused(open_shop: Shop) -> None:
    open_shop.write("orders.csv", "order_id\n1\n").chmod(0)
    told = in_a_process_of_its_own(open_shop.refusal, prepare=nobody)
    assert told == "orders.csv cannot be opened (Permission denied); make it readable for this user."
