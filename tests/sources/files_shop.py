"""A shop for the tests: a folder of files, a lake, and the reading of tables from the one into the other."""

import io
import zipfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import duckdb
import xlsxwriter

from orchestration.feed import TABLES
from orchestration.lake import Lake, RawLoad
from orchestration.settings import FilesSource, TableSettings
from orchestration.sources.files import extract


@dataclass
class Shop:
    """A files source in a temporary folder."""

    folder: Path
    lake: Lake
    tables: dict[str, TableSettings] = field(default_factory=dict)

    @property
    def source(self) -> FilesSource:
        return FilesSource("shop", self.folder, "Europe/London", "GBP", tables=self.tables)

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def configure(self, table: str = "orders", **settings: Any) -> None:
        self.tables[table] = TableSettings(**settings)

    def extract(self, table: str = "orders") -> RawLoad | None:
        return extract(self.source, TABLES[table], self.lake).load

    def load(self, table: str = "orders") -> RawLoad:
        load = self.extract(table)
        assert load is not None, "nothing new was found"
        return load

    def rows(self, table: str = "orders") -> list[tuple[Any, ...]]:
        """The rows of a new load that has to be readable, in order of reading."""
        load = self.load(table)
        assert load.is_readable, load.reason
        return rows_of(load)

    def refusal(self, table: str = "orders") -> str:
        """Why a new load could not be read."""
        load = self.load(table)
        assert load.reason is not None, "the load was read"
        assert load.parts == (), "a refused load has no parts"
        return load.reason


def rows_of(load: RawLoad) -> list[tuple[Any, ...]]:
    parts = ", ".join(f"'{part}'" for part in load.parts)
    with duckdb.connect(":memory:") as connection:
        return connection.execute(
            f"select * exclude (_row_number, _file) from read_parquet([{parts}], union_by_name = true) "
            "order by _row_number"
        ).fetchall()


def columns_of(load: RawLoad) -> list[str]:
    with duckdb.connect(":memory:") as connection:
        described = connection.execute(f"describe from read_parquet('{load.parts[0]}')").fetchall()
    return [name for name, *_ in described]


def zipped(**members: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return target.getvalue()


def workbook(path: Path, *sheets: tuple[str, list[list[object]]]) -> None:
    book = xlsxwriter.Workbook(str(path), {"default_date_format": "yyyy-mm-dd"})
    for name, rows in sheets:
        sheet = book.add_worksheet(name)
        for number, row in enumerate(rows):
            for column, value in enumerate(row):
                if value is not None:
                    sheet.write(number, column, value)
    book.close()


def in_a_process_of_its_own(action: Callable[[], Any], prepare: Callable[[], None] | None = None) -> Any:
    """What an action returns or raises in a fork that `prepare` was called in."""
    with ProcessPoolExecutor(1, mp_context=get_context("fork"), initializer=prepare) as pool:
        return pool.submit(action).result()
