"""Every format is read as it stands in the file, and every file where it may stand."""

import gzip
from datetime import date, datetime, time
from decimal import Decimal

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from files_shop import Shop, columns_of, rows_of, workbook, zipped

from orchestration.feed import TABLES
from orchestration.sources.files import streams

TWO_ORDERS = "order_id,net_amount\n007,1.10\n1234567890123456789,\n"
TWO_ROWS = [("007", "1.10"), ("1234567890123456789", None)]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("orders.csv", TWO_ORDERS),
        ("Orders.CSV", TWO_ORDERS),
        ("orders.txt", TWO_ORDERS.replace(",", "|")),
        ("orders.tsv", TWO_ORDERS.replace(",", "\t")),
        ("orders.csv.gz", gzip.compress(TWO_ORDERS.encode(), mtime=0)),
        ("orders/january.csv", TWO_ORDERS),
        ("orders.zip", zipped(january__csv=TWO_ORDERS)),
        ("orders.csv", TWO_ORDERS.replace("\n", "\r\n")),
        ("orders.csv", TWO_ORDERS.replace("\n", "\r")),
        ("orders.csv", TWO_ORDERS.replace("\n", "\r\n", 1)),
        ("orders.csv", "sep=;\n" + TWO_ORDERS.replace(",", ";")),
        ("orders.csv", "\n" + TWO_ORDERS),
        ("orders.csv", "\r\n\r\nsep=;\r\n\r\n" + TWO_ORDERS.replace(",", ";").replace("\n", "\r\n")),
    ],
)
def test_a_text_file_keeps_every_value_as_it_is_written(shop: Shop, name: str, content: str | bytes) -> None:
    shop.write(name, content)
    assert shop.rows() == TWO_ROWS


@pytest.mark.parametrize("name", ["orders.jsonl", "orders.ndjson", "orders.jsonl.gz"])
def test_json_lines_keep_numbers_as_written_and_nested_values_as_json(shop: Shop, name: str) -> None:
    lines = (
        b'{"order_id": 1234567890123456789, "net_amount": 1.10, "is_test": false}\n\n'
        b'{"order_id": "007", "net_amount": null,'
        b' "more": {"tax": 2.50, "ids": [12345678901234567890123, "x"]}}\n'
    )
    shop.write(name, gzip.compress(lines) if name.endswith("gz") else lines)
    assert shop.rows() == [
        ("1234567890123456789", "1.10", "false", None),
        ("007", None, None, '{"tax": 2.50, "ids": [12345678901234567890123, "x"]}'),
    ]


def test_json_lines_without_a_line_are_an_empty_table(shop: Shop) -> None:
    shop.write("orders.jsonl", "")
    load = shop.load()
    assert (load.is_readable, load.row_count) == (True, 0)
    assert "order_id" in columns_of(load)


def test_a_json_key_that_first_appears_late_is_a_column_of_all_rows(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestration.sources.jsonlines._BATCH_ROWS", 2)
    shop.write("orders.jsonl", '{"a": 1}\n{"a": 2}\n{"b": 3}\n{"a": 4, "b": 5}\n{"a": 6}\n')
    assert shop.rows() == [("1", None), ("2", None), (None, "3"), ("4", "5"), ("6", None)]


def test_parquet_keeps_its_own_types(shop: Shop) -> None:
    table = pa.table({"order_id": ["007"], "net_amount": [Decimal("1.10")], "ordered_on": [date(2026, 1, 2)]})
    pq.write_table(table, shop.folder / "orders.parquet")
    assert shop.rows() == [("007", Decimal("1.10"), date(2026, 1, 2))]


def test_a_parquet_name_with_a_pattern_in_it_is_only_a_name(shop: Shop) -> None:
    shop.write("orders/a.csv", "order_id\n1\n")
    pq.write_table(pa.table({"order_id": ["2"]}), shop.folder / "orders" / "b[1]*.parquet")
    assert shop.rows() == [("1",), ("2",)]


def test_excel_cells_are_read_as_a_person_sees_them(shop: Shop) -> None:
    header = ["order_id", "quantity", "net_amount", "ordered_on", "ordered_at", "at", "is_test", "gap"]
    moment = datetime.fromisoformat("2026-01-02 10:30:05")
    row = ["007", 1000000, 1.5, date(2026, 1, 2), moment, time(8, 15), True, None]
    workbook(shop.folder / "orders.xlsx", ("First", [header, row, [], ["8"]]), ("Second", [["x"]]))
    seen = ("007", "1000000", "1.5", "2026-01-02", "2026-01-02 10:30:05", "08:15:00", "true", None)
    assert shop.rows() == [seen, ("8", *[None] * 7)]


def test_another_sheet_can_be_named(shop: Shop) -> None:
    workbook(shop.folder / "book.xlsx", ("First", [["x"], [1]]), ("Second", [["order_id"], ["7"]]))
    shop.configure(file="book.xlsx", sheet="Second")
    assert shop.rows() == [("7",)]
    shop.configure(file="book.xlsx", sheet="Third")
    assert "has no sheet 'Third'; set `sheet` to one of 'First', 'Second'" in shop.refusal()


def test_all_files_of_a_table_are_read_and_rows_number_on(shop: Shop) -> None:
    shop.write("orders.csv", "order_id\n1\n2\n")
    shop.write("orders/b.jsonl", '{"order_id": 4}\n')
    shop.write("orders/a.zip", zipped(one__csv="order_id\n5\n", two__csv="order_id\n6\n", read__me="hello"))
    shop.write("orders/README.md", "not a table")
    shop.write("orders/.hidden.csv", "not a table")
    pq.write_table(pa.table({"order_id": ["3"]}), shop.folder / "orders.parquet")
    load = shop.load()
    with duckdb.connect(":memory:") as connection:
        files = ", ".join(f"'{part}'" for part in load.parts)
        rows = connection.execute(
            f"select _row_number, order_id, _file from read_parquet([{files}]) order by all"
        ).fetchall()
    assert rows == [
        (1, "1", "orders.csv"),
        (2, "2", "orders.csv"),
        (3, "3", "orders.parquet"),
        (4, "5", "orders/a.zip/one.csv"),
        (5, "6", "orders/a.zip/two.csv"),
        (6, "4", "orders/b.jsonl"),
    ]
    assert load.row_count == 6


def test_a_file_a_folder_or_a_pattern_can_be_configured(shop: Shop) -> None:
    shop.write("export/orders_1.csv", "order_id\n1\n")
    shop.write("export/orders_2.csv", "order_id\n2\n")
    for configured, expected in [
        ("export/orders_2.csv", [("2",)]),
        ("export", [("1",), ("2",)]),
        ("**/orders_[12].csv", [("1",), ("2",)]),
    ]:
        shop.configure("orders", file=configured)
        shop.lake.root = shop.lake.root.with_name(f"lake of {configured.replace('/', ' ')}")
        assert shop.rows() == expected


def test_a_header_alone_is_a_table_without_rows(shop: Shop) -> None:
    shop.write("orders.csv", "order_id,net_amount\n")
    load = shop.load()
    assert (load.row_count, columns_of(load)) == (0, ["order_id", "net_amount", "_row_number", "_file"])


def test_without_a_header_columns_are_numbered(shop: Shop) -> None:
    shop.write("plain.txt", "1;2\n3;4\n")
    shop.configure(file="plain.txt", header=False)
    load = shop.load()
    assert (columns_of(load)[:2], rows_of(load)) == (["column1", "column2"], [("1", "2"), ("3", "4")])


@pytest.mark.parametrize(
    ("settings", "content"),
    [
        ({"delimiter": "^"}, "order_id^comment\n1^a,b\n"),
        ({"delimiter": "tab"}, "order_id\tcomment\n1\ta,b\n"),
        ({"quote": "'"}, "order_id,comment\n1,'a,b'\n"),
        ({"quote": "", "delimiter": ";"}, "order_id;comment\n1;a,b\n"),
        ({}, 'order_id;"comment, if any"\n1;a,b\n'),
        ({}, 'order_id,comment\n1,"a,b"\n'),
        ({}, "order_id; comment\n1;a,b\n"),
    ],
)
def test_delimiter_and_quote_are_found_or_set(shop: Shop, settings: dict[str, str], content: str) -> None:
    shop.write("o.csv", content)
    shop.configure(file="o.csv", **settings)
    assert shop.rows() == [("1", "a,b")]


def test_quoted_values_keep_quotes_and_line_ends(shop: Shop) -> None:
    shop.write("orders.csv", 'order_id,comment\n1,"said ""no""\nand left"\n')
    assert shop.rows() == [("1", 'said "no"\nand left')]


def test_the_manifest_says_how_the_file_was_read(shop: Shop) -> None:
    shop.write("orders.csv", "order_id;x\n1;2\n")
    reading = shop.load().reading
    assert reading["timezone"] == "Europe/London"
    found = {"encoding": "utf-8", "delimiter": ";", "quote": '"', "header": True}
    assert reading["found"] == {"orders.csv": found}


def test_a_table_without_a_file_is_nothing_new(shop: Shop) -> None:
    shop.write("orders.old.csv", "order_id\n1\n")
    assert shop.extract() is None


def test_every_feed_table_may_come(shop: Shop) -> None:
    assert sorted(streams(shop.source)) == sorted(TABLES)


def test_columns_may_differ_between_files(shop: Shop) -> None:
    shop.write("orders/a.csv", "order_id,x\n1,2\n")
    shop.write("orders/b.csv", "y,order_id\n3,4\n")
    assert shop.rows() == [("1", "2", None), ("4", None, "3")]
