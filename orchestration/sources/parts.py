"""Writing what was read as the Parquet parts of a raw load, on an engine that sees nothing else."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

from orchestration.sources.unreadable import Unreadable

ROW_NUMBER, FILE = "_row_number", "_file"
MOST_COLUMNS = 2_000
_OUR_FAULTS = ("Could not write", "No space left", "File too large")


def quoted(text: str | Path) -> str:
    """A SQL string."""
    return "'" + str(text).replace("'", "''") + "'"


@contextmanager
def engine(work: Path, *readable: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB that reads and writes in the given folders only, and keeps its memory within bounds."""
    folders = ", ".join(quoted(f"{folder}/") for folder in (work, *readable))
    connection = duckdb.connect(":memory:")
    try:
        for setting in (
            "autoinstall_known_extensions = false",
            "autoload_known_extensions = false",
            "memory_limit = '2GB'",
            f"temp_directory = {quoted(work / 'spill')}",
            f"allowed_directories = [{folders}]",
            "enable_external_access = false",
            "lock_configuration = true",
        ):
            connection.execute(f"set {setting}")
        yield connection
    finally:
        connection.close()


@contextmanager
def blamed_on(name: str, explain: Callable[[str], str]) -> Iterator[None]:
    """Turn the engine's complaint about a file into a refusal; a full disk stays an error of the run."""
    try:
        yield
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error as error:
        message = str(error)
        if any(fault in message for fault in _OUR_FAULTS):
            raise
        raise Unreadable(f"{name}: {explain(message)}") from error


def write_part(connection: duckdb.DuckDBPyConnection, relation: str, part: Path, *, file: str, after: int) -> int:
    """Write a relation's rows in their order, numbered on from `after`; returns how many they are."""
    described = connection.execute(f"describe from {relation}").fetchall()
    checked_names(file, [str(column[0]) for column in described])
    connection.execute(
        f"copy (select *, row_number() over () + {after} as {ROW_NUMBER}, {quoted(file)} as {FILE} "
        f"from {relation}) to {quoted(part)} (format parquet, compression zstd)"
    )
    counted = connection.execute(f"select count(*) from read_parquet({quoted(part)})").fetchone()
    return int(counted[0]) if counted else 0


def checked_names(file: str, names: Sequence[str]) -> list[str]:
    """The names of columns, less blanks around them; Unreadable if they do not tell columns apart."""
    if len(names) > MOST_COLUMNS:
        raise Unreadable(f"{file} has {len(names)} columns, more than {MOST_COLUMNS}; check its delimiter")
    stripped = [name.strip() for name in names]
    if "" in stripped:
        column = f"column {stripped.index('') + 1} of {len(names)}"
        raise Unreadable(f"{file}: {column} has no name; name it in the header, or remove the column")
    counts = Counter(name.lower() for name in stripped)
    repeated = [name for name in dict.fromkeys(stripped) if counts[name.lower()] > 1]
    if repeated:
        told = ", ".join(f"'{name}'" for name in repeated[:5])
        raise Unreadable(f"{file}: {told} stands more than once in the header; rename or remove the repeated column")
    reserved = [name for name in stripped if name.lower() in (ROW_NUMBER, FILE)]
    if reserved:
        raise Unreadable(f"{file}: the column name '{reserved[0]}' is reserved; rename the column")
    return stripped
