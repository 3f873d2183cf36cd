"""Conforming: what each type makes of clean, dirty, Chinese and native values, and what it says of a load."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.feed import TABLES
from orchestration.feed.conform import Conformed, Reading, conform

SHANGHAI = Reading(timezone="Asia/Shanghai", currency="CNY", country="CN")
BERLIN = Reading(timezone="Europe/Berlin", currency="EUR", country="DE")
NEW_YORK = Reading(timezone="America/New_York", currency="USD", country="US")

at = datetime.fromisoformat

Rows = list[dict[str, Any]]
Conform = Callable[..., tuple[Conformed, Rows]]


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


@pytest.fixture
def conformed(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> Conform:
    """Conforms columns, a list of values each; returns the report and the rows in reading order."""

    def run(table: str, reading: Reading = SHANGHAI, /, **columns: list[Any] | pa.Array) -> tuple[Conformed, Rows]:
        count = max(map(len, columns.values()), default=0)
        raw = {"_row_number": list(range(1, count + 1)), "_file": ["a.csv"] * count} | columns
        part = tmp_path / "part-0.parquet"
        pq.write_table(pa.table(raw), part)
        return conform(connection, TABLES[table], [part], reading), rows_of(connection)

    return run


def rows_of(connection: duckdb.DuckDBPyConnection) -> Rows:
    result = connection.execute("select * from conformed order by _row_number")
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def reads(
    conformed: Conform, table: str, column: str, expected: Mapping[str, Any], reading: Reading = SHANGHAI
) -> None:
    """Every text reads as expected; a null means that the text itself is kept beside the value."""
    _, rows = conformed(table, reading, **{column: list(expected)})
    assert {text: row[column] for text, row in zip(expected, rows, strict=True)} == expected
    kept = {text: row[f"{column}__text"] for text, row in zip(expected, rows, strict=True)}
    assert kept == {text: text if value is None else None for text, value in expected.items()}


def test_amounts_are_plain_decimals_with_sign_exponent_or_thousands_separators(conformed):
    expected = {
        "12.34": Decimal("12.34"), "-5": Decimal(-5), "+5": Decimal(5), ".5": Decimal("0.5"), "0": Decimal(0),
        "1,234.56": Decimal("1234.56"), "1 234.56": Decimal("1234.56"), "-1,234,567": Decimal(-1234567),
        "1e3": Decimal(1000), "12.300000000000001": Decimal("12.3"), "１２．５": Decimal("12.5"),
        "1，234.5": Decimal("1234.5"), "99999999999999.9999": Decimal("99999999999999.9999"),
    }  # fmt: skip
    reads(conformed, "orders", "net_amount", expected)


def test_amounts_that_would_have_to_be_guessed_are_kept_as_text(conformed):
    unread = ["1.234,56", "¥12", "12 CNY", "12,34", "1_000", "1,234 567", "abc", "nan", "inf", "0x10", "--5"]
    reads(conformed, "orders", "net_amount", dict.fromkeys([*unread, "100000000000000", "1e20"]))


def test_integers_may_be_written_as_whole_decimals_but_are_never_rounded(conformed):
    expected = {
        "9": 9, "9.0": 9, "９": 9, "-3": -3, "1,234": 1234, "9223372036854775807": 9223372036854775807,
        "7.5": None, "9223372036854775808": None, "nine": None, "1_000": None,
    }  # fmt: skip
    reads(conformed, "loyalty_movements", "points", expected)


def test_quantities_and_rates_keep_their_places(conformed):
    reads(conformed, "order_lines", "quantity", {"0.123456": Decimal("0.123456"), "x": None})
    reads(conformed, "exchange_rates", "rate", {"7.12345678": Decimal("7.12345678"), "7,1": None})


def test_truth_values_come_in_words_digits_and_chinese(conformed):
    yes = ["true", "TRUE", "t", "Yes", "y", "1", "1.0", "是", "有", "Ｙ"]
    no = ["false", "False", "f", "NO", "n", "0", "0.0", "否", "无"]
    expected = dict.fromkeys(yes, True) | dict.fromkeys(no, False) | dict.fromkeys(["2", "maybe", "-"])
    reads(conformed, "orders", "is_test", expected)


def test_dates_are_read_in_iso_slashed_compact_and_chinese_form(conformed):
    days = ["2025-03-01", "2025-3-1", "2025/03/01", "2025/3/1", "20250301", "2025年3月1日", "2025年03月01日"]
    days += ["２０２５－０３－０１", "2025-03-01 23:30:00", "2025-03-01T01:00:00+08:00", "2025/3/1 9:05"]
    reads(conformed, "orders", "due_on", dict.fromkeys(days, date(2025, 3, 1)))


def test_impossible_ambiguous_and_remote_dates_are_kept_as_text(conformed):
    unread = ["2025-02-30", "01.03.2025", "03/01/2025", "2025-03", "1899-12-31", "2201-01-01", "epoch"]
    unread += ["2025-03-01 or so", "20250230", "infinity", "2025-03-01x", "2025年13月1日", "45000"]
    reads(conformed, "orders", "due_on", dict.fromkeys(unread))


def test_the_month_of_a_target_may_be_a_month(conformed):
    expected = dict.fromkeys(["2025-03", "2025/3", "2025年3月", "2025-03-01", "20250301"], date(2025, 3, 1))
    reads(conformed, "targets", "period_month", expected | {"2025-13": None, "March": None})


def test_timestamps_without_offset_are_in_the_zone_of_the_source(conformed):
    texts = [
        "2025-03-01 09:05:00",
        "2025-03-01T09:05:00",
        "2025-03-01 09:05",
        "2025/3/1 9:05",
        "2025/03/01 9:05:00",
    ]
    texts += ["2025年3月1日 9:05", "2025年3月1日 09:05:00", "2025年3月1日9:05", "2025-03-01 09:05:00.000"]
    reads(conformed, "orders", "ordered_at", dict.fromkeys(texts, at("2025-03-01 01:05")))


def test_timestamps_with_offset_are_instants_whatever_the_zone(conformed):
    texts = [
        "2025-03-01T10:00:00Z",
        "2025-03-01T10:00Z",
        "2025-03-01 18:00:00+08:00",
        "2025-03-01T18:00:00+0800",
    ]
    texts += [
        "2025-03-01T18:00:00+08",
        "2025-03-01T18:00+08:00",
        "2025-03-01T18:00+08",
        "2025-03-01 04:30:00-05:30",
    ]
    texts += ["2025-03-01 18:00:00 +08:00", "2025-03-01 18:00 +08:00", "2025/3/1 18:00:00.000+08:00"]
    reads(conformed, "orders", "ordered_at", dict.fromkeys(texts, at("2025-03-01 10:00")), BERLIN)


def test_a_bare_date_is_midnight_where_the_source_is_and_fractions_survive(conformed):
    midnight = at("2025-02-28 16:00")
    expected = {"2025-03-01": midnight, "20250301": midnight, "2025年3月1日": midnight}
    fraction = {"2025-03-01T10:00:00.123456Z": at("2025-03-01 10:00:00.123456")}
    reads(conformed, "orders", "ordered_at", expected | fraction)


def test_what_is_no_timestamp_is_kept_as_text(conformed):
    unread = [
        "1741000000",
        "1741000000000",
        "2025-02-30 10:00:00",
        "2025-03-01 25:00:00",
        "yesterday",
        "epoch",
    ]
    unread += [
        "2025-03-01 10:00:00 Europe/Berlin",
        "2025-03-01 10",
        "1850-01-01 00:00:00",
        "9999-12-31",
        "infinity",
    ]
    reads(conformed, "orders", "ordered_at", dict.fromkeys(unread))


@pytest.mark.parametrize(
    ("reading", "expected"),
    [
        (
            BERLIN,
            {
                "2025-03-30 01:59:59": at("2025-03-30 00:59:59"),
                "2025-03-30 02:30:00": at("2025-03-30 01:30"),  # skipped: shown as 03:30
                "2025-03-30 03:30:00": at("2025-03-30 01:30"),
                "2025-03-30 05:00:00": at("2025-03-30 03:00"),
                "2025-10-26 01:59:59": at("2025-10-25 23:59:59"),
                "2025-10-26 02:00:00": at("2025-10-26 00:00"),  # twice: the first
                "2025-10-26 02:30:00": at("2025-10-26 00:30"),
                "2025-10-26 03:00:00": at("2025-10-26 02:00"),
                "2025-10-26 02:30:00+01:00": at("2025-10-26 01:30"),
            },
        ),
        (
            NEW_YORK,
            {
                "2025-03-09 02:30:00": at("2025-03-09 07:30"),
                "2025-03-09 03:00:00": at("2025-03-09 07:00"),
                "2025-11-02 01:30:00": at("2025-11-02 05:30"),
                "2025-11-02 02:00:00": at("2025-11-02 07:00"),
            },
        ),
        (
            Reading(timezone="Australia/Lord_Howe", currency="AUD"),
            {
                "2025-04-06 01:45:00": at("2025-04-05 14:45"),  # half an hour comes twice
                "2025-10-05 02:15:00": at("2025-10-04 15:45"),  # half an hour is skipped
            },
        ),
        (Reading(timezone="UTC", currency="EUR"), {"2025-03-30 02:30:00": at("2025-03-30 02:30")}),
    ],
    ids=["Berlin", "New York", "Lord Howe", "UTC"],
)
def test_a_skipped_local_time_moves_forward_and_a_repeated_one_is_the_first(conformed, reading, expected):
    reads(conformed, "orders", "ordered_at", expected, reading)


def test_telephone_numbers_are_read_in_the_row_s_country_else_the_source_s(conformed):
    _, rows = conformed(
        "customers",
        phone=["138 0013 8000", "13800138000.0", "０３０ ９０１８２０", "+49 (0)30 901820", "call me", None],
        country=[None, "中国", "Deutschland", "Atlantis", None, "CN"],
    )
    assert [row["phone"] for row in rows] == [
        "+8613800138000", "+8613800138000", "+4930901820", "+4930901820", None, None,
    ]  # fmt: skip
    assert [row["phone__text"] for row in rows] == [None, None, None, None, "call me", None]


def test_countries_are_codes_and_an_unknown_one_is_kept_as_text(conformed):
    expected = {"cn": "CN", "DEU": "DE", "德国": "DE", "Österreich": "AT", "UK": "GB", "Ｕ．Ｓ．Ａ．": "US"}
    reads(conformed, "customers", "country", expected | {"Atlantis": None, "XX": None})


def test_emails_choices_and_currencies_have_one_spelling(conformed):
    _, rows = conformed("customers", email=["Ａlice＠qq．com", " Bob@Example.COM\t", "no mail"])
    assert [row["email"] for row in rows] == ["alice@qq.com", "bob@example.com", "no mail"]
    _, rows = conformed("campaigns", objective=["Cross-Sell", "cross sell", "WINBACK", "Other"])
    assert [row["objective"] for row in rows] == ["cross_sell", "cross_sell", "winback", "other"]
    _, rows = conformed("orders", currency=["cny", "RMB", "人民币", "元", "€", "US$", "￥", None, " "])
    assert [row["currency"] for row in rows] == ["CNY", "CNY", "CNY", "CNY", "EUR", "USD", "¥", "CNY", "CNY"]


def test_only_the_column_named_currency_takes_the_source_s(conformed):
    _, rows = conformed("exchange_rates", rate=["1"])
    assert (rows[0]["from_currency"], rows[0]["to_currency"]) == (None, None)


def test_identifiers_are_trimmed_and_otherwise_untouched(conformed):
    ids = [" 007 ", "1234567890123456789", "Ａ１", "1001.0", "\u3000x\u3000", "a b"]
    _, rows = conformed("customers", customer_id=ids)
    assert [row["customer_id"] for row in rows] == [
        "007",
        "1234567890123456789",
        "Ａ１",
        "1001.0",
        "x",
        "a b",
    ]


def test_names_are_in_nfkc_and_texts_as_they_came(conformed):
    _, rows = conformed("customers", full_name=["Ａｎｎａ　李", "ﬁ é", "李雷"], address=["１号", "ﬁ", "李雷路"])
    assert [row["full_name"] for row in rows] == ["Anna 李", "fi é", "李雷"]
    assert [row["address"] for row in rows] == ["１号", "ﬁ", "李雷路"]


def test_nothing_but_white_space_is_empty_in_every_type(conformed):
    blank = ["", " ", "\u3000", "\t\r\n", "\xa0", None]
    _, rows = conformed("customers", **dict.fromkeys(TABLES["customers"].column_names, blank))
    nothing = {
        name: value
        for row in rows
        for name, value in row.items()
        if name not in ("_row_number", "_is_duplicate", "content_hash")
    }
    assert nothing.pop("row_key") == ""
    assert set(nothing.values()) == {None}


def test_rows_say_which_columns_were_standardised_and_the_load_counts_them(conformed):
    report, rows = conformed(
        "customers",
        customer_id=["1", "2", "3"],
        email=["A@x.com", "b@x.com", "Ｃ@x.com"],
        phone=["+8613800138000", "13800138001", "garbage"],
        country=["CN", "China", "Nowhere"],
        created_at=["2025-01-01 10:00:00", "2025年1月1日 10:00", "2025/1/1 10:00"],
    )
    assert [row["standardised_columns"] for row in rows] == ["email", "phone,country,created_at", "email"]
    assert report.standardised == {"country": 1, "created_at": 1, "email": 2, "phone": 1}


def test_a_row_equal_to_an_earlier_one_in_every_raw_column_is_a_duplicate(conformed):
    report, rows = conformed(
        "customers",
        customer_id=["1", "1", "1", "1 ", "1", None, None],
        note=["x", "y", "x", "x", "x", None, None],
    )
    assert [row["_is_duplicate"] for row in rows] == [False, False, True, False, True, False, True]
    assert (report.rows_read, report.rows_duplicate) == (7, 3)


def test_columns_are_found_under_their_mapped_name_else_their_own_whatever_its_case(conformed):
    reading = Reading("UTC", "EUR", columns={"customer_id": "Kundennummer", "city": "Ort", "region": "Land"})
    columns = {"KUNDENNUMMER ": ["K1"], "Ｅmail": ["a@x.com"], "City": ["Bonn"], "Shoe size": ["42"]}
    report, rows = conformed("customers", reading, **columns)
    assert (rows[0]["customer_id"], rows[0]["email"], rows[0]["city"]) == ("K1", "a@x.com", "Bonn")
    assert report.unknown_columns == ("Shoe size",)
    assert {"phone", "region"} <= set(report.missing_columns)
    assert not {"customer_id", "email", "city"} & set(report.missing_columns)
    assert report.missing_key_columns == ()


def test_an_exact_header_wins_over_one_alike_but_for_case(connection, tmp_path):
    part = tmp_path / "part-0.parquet"
    names = ["_row_number", "Ｅmail", "email"]
    pq.write_table(pa.table([[1], ["wrong@x.com"], ["right@x.com"]], names=names), part)
    conform(connection, TABLES["employees"], [part], SHANGHAI)
    assert rows_of(connection)[0]["email"] == "right@x.com"


def test_missing_keys_are_reported_and_the_relation_is_still_built(conformed):
    report, rows = conformed("marketing_spend", amount=["1"])
    assert report.missing_key_columns == ("spend_date", "channel", "cost_type")
    assert rows[0]["row_key"] == "||||CNY"
    assert rows[0]["amount"] == Decimal(1)


def test_the_key_holds_conformed_values_or_the_text_that_could_not_be_read(conformed):
    _, rows = conformed("order_lines", order_id=[" A1", "A1"], line_number=["1.0", "first"])
    assert [row["row_key"] for row in rows] == ["A1|1", "A1|first"]


def test_the_relation_has_the_declared_columns_with_their_types(conformed, connection):
    conformed("orders", order_id=["1"])
    described = connection.execute("describe conformed").fetchall()
    types = {name: kind.lower() for name, kind, *_ in described}
    table = TABLES["orders"]
    own = ["_row_number", "_is_duplicate", "row_key", "content_hash", "standardised_columns"]
    assert list(types)[: len(own) + len(table.columns)] == own + list(table.column_names)
    assert {column.name: column.sql_type for column in table.columns}.items() <= types.items()
    assert list(types.values())[:5] == ["bigint", "boolean", "varchar", "varchar", "varchar"]
    assert {kind for name, kind in types.items() if name.endswith("__text")} == {"varchar"}


@pytest.mark.parametrize("name", TABLES)
def test_every_feed_table_can_be_conformed_from_nothing_but_a_row(conformed, name):
    report, rows = conformed(name, something=["else"])
    assert (len(rows), report.unknown_columns) == (1, ("something",))
    assert report.missing_columns == TABLES[name].column_names


def test_a_load_without_parts_is_an_empty_relation(connection):
    report = conform(connection, TABLES["orders"], [], SHANGHAI)
    assert (report.rows_read, rows_of(connection)) == (0, [])
    assert report.missing_key_columns == ("order_id",)


def test_parts_with_different_columns_are_one_load(connection, tmp_path):
    parts = [tmp_path / "part-0.parquet", tmp_path / "part-1.parquet"]
    pq.write_table(pa.table({"_row_number": [1], "employee_id": ["1"], "team": ["A"]}), parts[0])
    pq.write_table(pa.table({"_row_number": [2], "employee_id": ["2"], "full_name": ["李雷"]}), parts[1])
    conform(connection, TABLES["employees"], parts, SHANGHAI)
    assert [(row["team"], row["full_name"]) for row in rows_of(connection)] == [("A", None), (None, "李雷")]


def test_native_types_mean_what_they_say(conformed):
    noon = at("2025-07-01 12:00")
    _, rows = conformed(
        "orders",
        BERLIN,
        order_id=pa.array([9007199254740993]),
        customer_id=pa.array([1001.0]),
        store_id=pa.array([Decimal("7.00")], pa.decimal128(10, 2)),
        ordered_at=pa.array([noon], pa.timestamp("us")),
        paid_at=pa.array([noon], pa.timestamp("us", tz="UTC")),
        updated_at=pa.array([date(2025, 7, 1)]),
        due_on=pa.array([at("2025-06-30 22:30")], pa.timestamp("us", tz="UTC")),
        net_amount=pa.array([Decimal("12.3400")], pa.decimal128(38, 4)),
        gross_amount=pa.array([0.1 + 0.2]),
        tax_amount=pa.array([3]),
        is_test=pa.array([True]),
        is_trial=pa.array([0]),
    )
    row = rows[0]
    assert (row["order_id"], row["customer_id"], row["store_id"]) == ("9007199254740993", "1001", "7")
    assert row["ordered_at"] == at("2025-07-01 10:00")
    assert row["paid_at"] == noon
    assert row["updated_at"] == at("2025-06-30 22:00")
    assert row["due_on"] == date(2025, 7, 1)
    assert (row["net_amount"], row["gross_amount"]) == (Decimal("12.34"), Decimal("0.3"))
    assert (row["tax_amount"], row["is_test"], row["is_trial"]) == (Decimal(3), True, False)
    assert {value for name, value in row.items() if name.endswith("__text")} == {None}


@pytest.mark.parametrize("reading", [SHANGHAI, BERLIN, Reading(timezone="UTC", currency="USD")])
def test_what_comes_typed_is_what_its_text_would_be(conformed, reading):
    huge = Decimal("123456789012345678901234.5")
    typed = {
        "ordered_at": pa.array([at("2025-03-30 02:30"), at("1215-06-15 12:00"), None], pa.timestamp("us")),
        "due_on": pa.array([date(2025, 3, 30), date(2300, 1, 1), None]),
        "net_amount": pa.array([Decimal("2.34565"), huge, None], pa.decimal128(38, 5)),
        "gross_amount": pa.array([7, -(2**62), None]),
        "is_test": pa.array([True, False, None]),
    }
    texts = {
        "ordered_at": ["2025-03-30 02:30:00", "1215-06-15 12:00:00", ""],
        "due_on": ["2025-03-30", "2300-01-01", ""],
        "net_amount": ["2.34565", f"{huge}", ""],
        "gross_amount": ["7", f"{-(2**62)}", ""],
        "is_test": ["true", "false", ""],
    }
    keys = {"order_id": ["a", "b", "c"]}
    (_, from_types), (_, from_texts) = (conformed("orders", reading, **keys, **brought) for brought in (typed, texts))
    assert from_types == from_texts
    beyond = ("ordered_at", "due_on", "net_amount", "gross_amount")
    assert [from_types[1][f"{name}__text"] for name in beyond] == [texts[name][1] for name in beyond]


def test_a_native_instant_does_not_depend_on_the_session_s_time_zone(conformed, connection):
    connection.execute("set timezone = 'America/New_York'")
    instant = pa.array([at("2025-07-01 12:00")], pa.timestamp("us", tz="UTC"))
    _, rows = conformed("refunds", refunded_at=instant)
    assert rows[0]["refunded_at"] == at("2025-07-01 12:00")


def test_the_content_hash_depends_on_contents_alone(conformed):
    _, rows = conformed("customers", customer_id=["1", "2"], city=["Bonn", "Köln"])
    first, second = (row["content_hash"] for row in rows)
    _, again = conformed(
        "customers", city=["Köln", " Bonn", "Bonn"], customer_id=["2", "1", "1"], phone=["", " ", "gibberish"]
    )
    assert [row["content_hash"] for row in again[:2]] == [second, first]
    assert len({first, second, again[2]["content_hash"]}) == 3


def test_conforming_again_replaces_what_was_conformed(conformed, connection):
    conformed("orders", order_id=["1", "2"])
    conformed("refunds", refund_id=["9"])
    assert [row["refund_id"] for row in rows_of(connection)] == ["9"]


def test_quotes_in_headers_and_paths_are_no_sql(connection, tmp_path):
    folder = tmp_path / "it's=here"
    folder.mkdir()
    part = folder / "part-0.parquet"
    pq.write_table(pa.table({"_row_number": [1], 'a "quoted" id': ["1"]}), part)
    reading = Reading("UTC", "EUR", columns={"employee_id": 'a "quoted" id'})
    assert conform(connection, TABLES["employees"], [part], reading).unknown_columns == ()
    assert rows_of(connection)[0]["employee_id"] == "1"
