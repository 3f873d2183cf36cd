"""A query reads the files it names and nothing outside the source's folder."""

import gzip
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from files_shop import Shop, columns_of

from orchestration.feed import TABLES
from orchestration.settings import settings_from_text
from orchestration.sources.files import SourceUnavailable, extract

WAREHOUSE = "warehouse: {reporting_timezone: UTC, reporting_currency: EUR}\n"
INVOICES = "InvoiceNo,Amount\n007,1.10\nC8,2.20\n"


def test_a_query_keeps_the_types_of_its_result(shop: Shop) -> None:
    shop.write("invoices.csv.gz", gzip.compress(INVOICES.encode()))
    shop.configure(
        query="select InvoiceNo as order_id, Amount::decimal(18, 2) as net_amount "
        "from read_csv('{path}/invoices.csv.gz', all_varchar = true) where InvoiceNo not like 'C%'; -- paid"
    )
    load = shop.load()
    assert load.reason is None
    assert columns_of(load) == ["order_id", "net_amount", "_row_number", "_file"]
    assert [item.name for item in load.inputs] == ["invoices.csv.gz"]
    assert pq.read_table(load.parts[0]).to_pylist() == [
        {"order_id": "007", "net_amount": Decimal("1.10"), "_row_number": 1, "_file": "query"}
    ]


def test_a_query_runs_again_when_a_file_or_the_query_changes(shop: Shop) -> None:
    shop.write("a.csv", "x\n1\n")
    shop.write("b.csv", "x\n2\n")
    query = "select * from read_csv('{path}/*.csv', all_varchar = true) order by x"
    shop.configure(query=query)
    assert shop.rows() == [("1",), ("2",)]
    assert shop.extract() is None
    shop.write("b.csv", "x\n3\n")
    assert shop.rows() == [("1",), ("3",)]
    shop.write("c.csv", "x\n4\n")
    assert shop.rows() == [("1",), ("3",), ("4",)]
    shop.configure(query=query + " desc")
    assert shop.rows() == [("4",), ("3",), ("1",)]


def test_what_came_from_the_environment_is_told_by_its_name_wherever_it_is_kept(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "hunter2secret")
    shop.write("a.csv", "x\n1\n")

    def kept(query: str) -> str:
        tables = f'{{orders: {{query: "{query}"}}}}'
        text = f"{WAREHOUSE}sources: [{{name: shop, type: files, path: {shop.folder}, tables: {tables}}}]"
        (source,) = settings_from_text(text, Path("lifecycle.yml"), base=shop.folder).sources
        assert source.tables["orders"].query is not None
        assert "hunter2secret" in source.tables["orders"].query
        load = extract(source, TABLES["orders"], shop.lake).load
        assert load is not None
        manifest = (load.directory / "manifest.json").read_text(encoding="utf-8")
        assert "hunter2secret" not in manifest
        return manifest

    assert "where x <> '${TOKEN}'" in kept("select * from read_csv('{path}/a.csv') where x <> '${TOKEN}'")
    assert 'column \\"${TOKEN}\\" not found' in kept("select ${TOKEN} from read_csv('{path}/a.csv')")
    monkeypatch.setenv("FOLDER", "hunter3secret")
    text = WAREHOUSE + "sources: [{name: shop, type: files, path: './${FOLDER}/x'}]"
    (source,) = settings_from_text(text, Path("lifecycle.yml"), base=shop.folder).sources
    with pytest.raises(SourceUnavailable) as failure:
        extract(source, TABLES["orders"], shop.lake)
    assert "${FOLDER}/x is not there" in str(failure.value)
    assert failure.value.__cause__ is None


def test_a_query_that_names_no_file_is_new_when_its_rows_are(shop: Shop) -> None:
    shop.write("a.csv", "x\n1\n")
    query = "select * from read_csv(concat('{path}', '/a.csv'), all_varchar = true)"
    shop.configure(query=query)
    assert shop.rows() == [("1",)]
    assert shop.extract() is None
    shop.write("a.csv", "x\n2\n")
    assert shop.rows() == [("2",)]


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("select nothing from read_csv('{path}/a.csv')", "the query of orders: it fails with: Binder Error"),
        ("selekt 1", "the query of orders: it fails with: Parser Error"),
        ("select 1 as a; select 2 as a", "is not one select statement"),
        ("copy (select 1) to 'b.csv'", "is not one select statement"),
        ("select 1 as a, 2 as A", "stands more than once"),
        ("from read_csv('{path}/gone.csv')", "gone.csv is missing"),
        ("from read_text('/etc/passwd')", "disabled by configuration"),
        ("from read_text('{path}/../secret.csv')", "leads out of the source's folder"),
        ("from read_text(concat('{path}', '/../secret.csv'))", "disabled by configuration"),
        ("from read_text('{path}/link.csv')", "leads out of the source's folder"),
        ("from read_csv('{path}/latin.csv')", "state `encoding`"),
    ],
)
def test_a_query_that_fails_is_refused_once(shop: Shop, tmp_path: Path, query: str, reason: str) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("x\n1\n")
    shop.write("a.csv", "x\n1\n")
    shop.write("latin.csv", b"x\nRen\xe9\n")
    (shop.folder / "link.csv").symlink_to(secret)
    shop.configure(query=query)
    told = shop.refusal()
    assert reason in told
    assert str(tmp_path) not in told
    assert shop.extract() is None
    assert sorted(path.name for path in shop.folder.iterdir()) == ["a.csv", "latin.csv", "link.csv"]


def test_the_files_of_a_query_are_decoded_when_their_encoding_is_stated(shop: Shop) -> None:
    shop.write("in/a.csv", "x,y\n1,Hélène\n".encode("iso-8859-1"))
    shop.write("in/b.csv.gz", gzip.compress("x,y\n2,Zoë\n".encode("iso-8859-1")))
    pq.write_table(pa.table({"x": ["3"], "y": ["Ü"]}), shop.folder / "c.parquet")
    read = "read_csv(['{path}/in/*.csv', '{path}/in/b.csv.gz'], all_varchar = true)"
    shop.configure(
        query=f"from {read} union all from read_parquet('{{path}}/c.parquet') order by x",
        encoding="iso-8859-1",
    )
    assert shop.rows() == [("1", "Hélène"), ("2", "Zoë"), ("3", "Ü")]
