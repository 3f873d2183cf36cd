"""The declaration in tables.yml as typed, frozen objects."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import yaml

# What each type of the declaration is in Parquet and SQL once a value has been parsed.
SQL_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "id": "varchar",
        "name": "varchar",
        "text": "varchar",
        "email": "varchar",
        "phone": "varchar",
        "country": "varchar",
        "currency": "varchar",
        "choice": "varchar",
        "amount": "decimal(18,4)",
        "number": "decimal(18,4)",
        "quantity": "decimal(18,6)",
        "rate": "decimal(18,8)",
        "integer": "bigint",
        "boolean": "boolean",
        "date": "date",
        "timestamp": "timestamp",
    }
)


@dataclass(frozen=True)
class Column:
    """One column of a feed table.

    `type` is a name of SQL_TYPES, `values` the closed list of a choice, `references` the feed table
    whose key the column holds; a personal column is masked wherever rows are shown.
    """

    name: str
    type: str
    name_zh: str
    description: str
    is_required: bool = False
    values: tuple[str, ...] = ()
    references: str | None = None
    is_personal: bool = False

    @property
    def sql_type(self) -> str:
        """Type of the parsed value, as DuckDB spells it."""
        return SQL_TYPES[self.type]


@dataclass(frozen=True)
class Table:
    """One feed table: its columns in order, and the columns that identify a row."""

    name: str
    name_zh: str
    description: str
    key: tuple[str, ...]
    key_may_be_empty: tuple[str, ...]
    columns: tuple[Column, ...]

    def column(self, name: str) -> Column:
        """The column of that name; KeyError if the table has none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def key_must_be_present(self) -> tuple[str, ...]:
        """Key columns without which a row is refused."""
        return tuple(name for name in self.key if name not in self.key_may_be_empty)

    @property
    def is_versioned(self) -> bool:
        """Whether rows say themselves when they were written."""
        return "updated_at" in self.column_names


def _column(name: str, declared: Mapping[str, Any]) -> Column:
    return Column(
        name=name,
        type=declared["type"],
        name_zh=declared["zh"],
        description=declared["says"],
        is_required=declared.get("required", False),
        values=tuple(declared.get("values", ())),
        references=declared.get("references"),
        is_personal=declared.get("personal", False),
    )


def _table(name: str, declared: Mapping[str, Any]) -> Table:
    return Table(
        name=name,
        name_zh=declared["zh"],
        description=declared["says"],
        key=tuple(declared["key"]),
        key_may_be_empty=tuple(declared.get("key_may_be_empty", ())),
        columns=tuple(_column(column, of) for column, of in declared["columns"].items()),
    )


def _load() -> Mapping[str, Table]:
    text = files(__package__).joinpath("tables.yml").read_text(encoding="utf-8")
    declared = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return MappingProxyType({name: _table(name, of) for name, of in declared.items()})


TABLES: Mapping[str, Table] = _load()
