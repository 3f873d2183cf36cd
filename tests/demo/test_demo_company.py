"""The demo company's files: reproducible, complete, and as its configuration says."""

from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path

import phonenumbers
import polars as pl
import pytest
import yaml

from orchestration.demo import configuration, generate
from orchestration.demo.layout import DELIVERIES
from orchestration.feed import TABLES

END = date(2026, 6, 30)


def _hashes(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_same_arguments_give_the_same_bytes(tmp_path):
    generate(tmp_path / "once", customers=200, seed=7)
    generate(tmp_path / "again", customers=200, seed=7)

    once, again = _hashes(tmp_path / "once"), _hashes(tmp_path / "again")
    assert len(once) == 30
    assert once == again


def test_another_seed_gives_another_company(tmp_path):
    generate(tmp_path / "one", customers=60, seed=1)
    generate(tmp_path / "two", customers=60, seed=2)

    one, two = _hashes(tmp_path / "one"), _hashes(tmp_path / "two")
    same = {name for name in one if one[name] == two[name]}
    assert same == {"lifecycle.yml", "service/targets.csv"}


def test_every_feed_table_is_filled(company):
    filled = {name.split(".")[1] for name, frame in company.tables.items() if frame.height}

    assert filled == set(TABLES)


def test_the_files_have_as_many_rows_as_the_summary_says(company):
    assert {name: frame.height for name, frame in company.tables.items()} == dict(company.summary.rows)
    assert company.fact("counts")["rows"] == company.summary.rows


def test_a_company_six_times_as_large_has_six_times_as_many_rows(company, tmp_path):
    small = generate(tmp_path, customers=500).rows

    growing = ("crm.customers", "crm.interactions", "shop.customers", "shop.orders", "shop.web_events")
    for name in growing:
        assert company.summary.rows[name] / small[name] == pytest.approx(6, rel=0.2), name


def test_a_company_of_fewer_than_50_customers_is_refused(tmp_path):
    with pytest.raises(ValueError, match="give it 50 or more"):
        generate(tmp_path, customers=49)


def test_the_company_ends_when_it_is_told_to(tmp_path):
    generate(tmp_path, customers=60, end=date(2025, 2, 28))

    ordered_at = pl.read_parquet(tmp_path / "shop" / "orders.parquet")["ordered_at"]
    assert ordered_at.filter(ordered_at.dt.year() < 2099).max().date() == date(2025, 2, 28)


def test_the_newest_valid_order_is_of_the_last_days(company):
    orders = company.tables["shop.orders"].filter(
        (pl.col("status") == "completed") & ~pl.col("is_test") & ~pl.col("is_trial"),
        pl.col("ordered_at").dt.year() < 2099,
    )
    newest = (orders["ordered_at"].max() + timedelta(hours=8)).date()
    assert END - timedelta(days=3) <= newest <= END


def test_new_customers_come_in_every_month(company):
    first = (
        company.tables["shop.orders"]
        .filter(pl.col("customer_id").is_not_null(), pl.col("ordered_at").dt.year() < 2099)
        .group_by("customer_id")
        .agg(pl.col("ordered_at").min().dt.offset_by("8h").dt.truncate("1mo"))
    )
    assert first["ordered_at"].n_unique() == 36


def test_the_configuration_names_only_files_that_there_are(company):
    for source in configuration()["sources"]:
        folder = company.path / source["path"]
        for table, settings in source.get("tables", {}).items():
            assert table in TABLES
            assert (folder / settings["file"]).is_file()
            assert set(settings["columns"]) <= set(TABLES[table].column_names)


def test_every_header_is_of_the_configuration_or_the_feed(company):
    for delivery in DELIVERIES:
        assert set(company.tables[delivery.name].columns) <= set(TABLES[delivery.table].column_names)


def test_the_written_configuration_is_the_one_in_code(company):
    assert yaml.safe_load((company.path / "lifecycle.yml").read_text("utf-8")) == configuration()


def test_unplanted_phone_numbers_are_real_ones_of_their_country(company):
    flawed = company.truth("dirty_rows").filter(pl.col("source") == "crm", pl.col("table") == "customers")
    rows = company.tables["crm.customers"].with_row_index("row_number", offset=1)
    clean = rows.join(flawed, on="row_number", how="anti").filter(pl.col("phone").is_not_null())
    codes = {"中国": "CN", "德国": "DE", "美国": "US"}

    for country, phone in clean.select("country", "phone").unique().head(200).iter_rows():
        number = phonenumbers.parse(phone, codes[country])
        assert phonenumbers.is_possible_number(number), phone
