"""From raw columns as a source brought them to the typed columns of a feed table."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
from duckdb.func import FunctionNullHandling, PythonUDFType

from orchestration.feed import texts
from orchestration.feed.countries import country_code
from orchestration.feed.declaration import Table
from orchestration.feed.phones import e164
from orchestration.feed.reading import Reading, raw_relation
from orchestration.feed.statement import conforming_statement

__all__ = ["Conformed", "Reading", "conform"]


@dataclass(frozen=True)
class Conformed:
    """What conforming a load found; `standardised` counts changed values by column."""

    rows_read: int
    rows_duplicate: int
    unknown_columns: tuple[str, ...]
    missing_columns: tuple[str, ...]
    missing_key_columns: tuple[str, ...]
    standardised: Mapping[str, int]


def conform(connection: duckdb.DuckDBPyConnection, table: Table, parts: Sequence[Path], reading: Reading) -> Conformed:
    """Make the table `conformed` from a load's Parquet parts, replacing any that the connection has."""
    _define_functions(connection)
    raw = raw_relation(connection, table, parts, reading)
    connection.execute(conforming_statement(table, raw, reading)).fetchall()
    rows = connection.execute("select count(*), count(*) filter (_is_duplicate) from conformed").fetchall()
    missing = tuple(name for name in table.column_names if name not in raw.found)
    return Conformed(
        rows_read=rows[0][0],
        rows_duplicate=rows[0][1],
        unknown_columns=tuple(name for name in raw.columns if name not in raw.found.values()),
        missing_columns=missing,
        # A missing currency is the source's.
        missing_key_columns=tuple(name for name in table.key_must_be_present if name in missing and name != "currency"),
        standardised=_standardised_counts(connection),
    )


def _standardised_counts(connection: duckdb.DuckDBPyConnection) -> Mapping[str, int]:
    counts = connection.execute(
        """
        select name, count(*)
        from (select unnest(string_split(standardised_columns, ',')) as name from conformed)
        group by name
        order by name
        """
    )
    return dict(counts.fetchall())


def _define_functions(connection: duckdb.DuckDBPyConnection) -> None:
    """Give the connection what SQL cannot do itself, unless it has it from an earlier load."""
    functions: Mapping[str, tuple[Callable[..., pa.Array], int]] = {
        "nfkc": (texts.nfkc, 1),
        "country_code": (_country_codes, 1),
        "e164": (_e164s, 2),
    }
    defined = connection.execute("select distinct function_name from duckdb_functions()").fetchall()
    for name, (function, arity) in functions.items():
        if (name,) not in defined:
            connection.create_function(
                name,
                function,
                ["varchar"] * arity,
                "varchar",
                type=PythonUDFType.ARROW,
                # Otherwise a function may not answer with null, and "unknown" is an answer.
                null_handling=FunctionNullHandling.SPECIAL,
            )


def _country_codes(names: pa.Array) -> pa.Array:
    return pa.array([country_code(name or "") for name in names.to_pylist()], pa.string())


def _e164s(numbers: pa.Array, countries: pa.Array) -> pa.Array:
    pairs = zip(numbers.to_pylist(), countries.to_pylist(), strict=True)
    return pa.array([e164(number or "", country or None) for number, country in pairs], pa.string())
