"""How a load's raw columns are found and understood."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import duckdb

from orchestration.feed.declaration import Table
from orchestration.feed.quoting import literal
from orchestration.feed.texts import WHITE_SPACE

# Columns that reading added: no part of what the source said.
_OWN_COLUMNS = frozenset({"_row_number", "_file"})


@dataclass(frozen=True)
class Reading:
    """How a source's text is to be understood.

    `timezone` (IANA) is of timestamps without offset, `currency` of amounts without currency, `country`
    the default for telephone numbers; `columns` maps feed columns to source columns of other names.
    """

    timezone: str
    currency: str
    columns: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    country: str | None = None


@dataclass(frozen=True)
class Raw:
    """A load's raw relation: its SQL, its columns' types, and where the feed columns are in it."""

    relation: str
    types: Mapping[str, str]
    found: Mapping[str, str]

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that the source brought."""
        return _brought(self.types)


def raw_relation(connection: duckdb.DuckDBPyConnection, table: Table, parts: Sequence[Path], reading: Reading) -> Raw:
    """The Parquet parts of a load as one relation; an empty one if there are no parts."""
    files = ", ".join(literal(str(part)) for part in parts)
    relation = (
        f"read_parquet([{files}], union_by_name = true, hive_partitioning = false)"
        if parts
        else "(select cast(null as bigint) as _row_number limit 0)"
    )
    described = connection.execute(f"describe from {relation}").fetchall()
    types = {name: str(native_type) for name, native_type, *_ in described}
    return Raw(relation=relation, types=types, found=_found(table, _brought(types), reading.columns))


def _brought(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name in names if name not in _OWN_COLUMNS)


def _found(table: Table, raw: Sequence[str], renamed: Mapping[str, str]) -> Mapping[str, str]:
    """The raw column of each feed column that has one: under its mapped name, else under its own."""
    # Of headers alike but for case the first counts, and an exact one before all.
    known = {_folded(name): name for name in reversed(raw)} | {name: name for name in raw}
    candidates = {name: (renamed.get(name, name), name) for name in table.column_names}
    found = {
        column: next((known[key] for name in names for key in (name, _folded(name)) if key in known), None)
        for column, names in candidates.items()
    }
    return {column: name for column, name in found.items() if name is not None}


def _folded(header: str) -> str:
    return unicodedata.normalize("NFKC", header).strip(WHITE_SPACE).casefold()
