"""A folder of files, a lake, and the reading of one table from the one into the other."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pytest

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


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    folder = tmp_path / "shop"
    folder.mkdir()
    return Shop(folder, Lake(tmp_path / "lake"))
