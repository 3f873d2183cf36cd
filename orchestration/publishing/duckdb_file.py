"""The published DuckDB file, in a storage format that every BI driver opens."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.engine.duckdb import NO_EXTENSIONS

SCHEMAS = ("core", "marts", "quality")
# Money is carried unrounded as this type while figures are made of it, and rounded once, here.
UNROUNDED, ROUNDED = "DECIMAL(28,8)", "DECIMAL(18,2)"
# The engine divides numbers of 128 bits a hundred times slower than those of 64, which nearly all amounts fit.
NARROW = "DECIMAL(18,8)"


@dataclass(frozen=True)
class PublishedTable:
    """One published table and how many rows it has."""

    schema: str
    name: str
    row_count: int


def _tables_to_publish(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    query = """
        select schema_name, table_name from duckdb_tables()
        where database_name = 'built' and schema_name in (select unnest($schemas))
        order by schema_name, table_name
    """
    return connection.execute(query, {"schemas": list(SCHEMAS)}).fetchall()


def write(built: Path, target: Path) -> list[PublishedTable]:
    """Copy the tables of the file that was built, with their comments, into a new file at `target`."""
    with duckdb.connect(":memory:", config=dict(NO_EXTENSIONS)) as connection:
        connection.execute(f"attach '{_escaped(str(built))}' as built (read_only)")
        connection.execute(f"attach '{_escaped(str(target))}' as published (storage_version 'v1.2.0')")
        for schema in SCHEMAS:
            connection.execute(f"create schema published.{schema}")
        published = [_copy(connection, *table) for table in _tables_to_publish(connection)]
        connection.execute("checkpoint published")
        connection.execute("detach published")
    return published


def _escaped(text: str) -> str:
    return text.replace("'", "''")


def _copy(connection: duckdb.DuckDBPyConnection, schema: str, name: str) -> PublishedTable:
    columns = connection.execute(
        "select column_name, data_type, comment from duckdb_columns() "
        "where database_name = 'built' and schema_name = ? and table_name = ? order by column_index",
        [schema, name],
    ).fetchall()
    relation = f'{schema}."{name}"'
    selected = ", ".join(_selected(column, of) for column, of, _ in columns)
    connection.execute(f"create table published.{relation} as select {selected} from built.{relation}")
    _comment(connection, f"table published.{relation}", _table_comment(connection, schema, name))
    for column, _, comment in columns:
        _comment(connection, f'column published.{relation}."{column}"', comment)
    row = connection.execute(f"select count(*) from published.{relation}").fetchone()
    return PublishedTable(schema, name, int(row[0]) if row else 0)


def _selected(column: str, of: str) -> str:
    return f'{rounded(column)} as "{column}"' if of == UNROUNDED else f'"{column}"'


def rounded(column: str) -> str:
    """SQL that rounds an unrounded amount once, half away from zero, whatever its size."""
    narrow = f'cast(try_cast("{column}" as {NARROW}) as {ROUNDED})'
    return f'coalesce({narrow}, cast("{column}" as {ROUNDED}))'


def _table_comment(connection: duckdb.DuckDBPyConnection, schema: str, name: str) -> str | None:
    row = connection.execute(
        "select comment from duckdb_tables() where database_name = 'built' and schema_name = ? and table_name = ?",
        [schema, name],
    ).fetchone()
    return row[0] if row else None


def _comment(connection: duckdb.DuckDBPyConnection, on: str, comment: str | None) -> None:
    if comment:
        connection.execute(f"comment on {on} is '{_escaped(comment)}'")


def add_publish_info(
    target: Path, tables: Sequence[PublishedTable], *, run_id: str, published_at: str, as_of: str, git: str
) -> None:
    """Say in `core.publish_info` what was published: run, time, as-of, revision and row counts."""
    with duckdb.connect(str(target), config=dict(NO_EXTENSIONS)) as connection:
        connection.execute("""
            create table core.publish_info (
                run_id varchar, schema_name varchar, table_name varchar, git_revision varchar,
                row_count bigint, as_of_date date, published_at timestamp
            )
        """)
        connection.executemany(
            "insert into core.publish_info values (?, ?, ?, ?, ?, ?, ?)",
            [(run_id, t.schema, t.name, git, t.row_count, as_of, published_at) for t in tables],
        )
        for on, comment in PUBLISH_INFO_COMMENTS.items():
            _comment(connection, on, comment)
        connection.execute("checkpoint")


PUBLISH_INFO_COMMENTS = {
    "table core.publish_info": "One row per published table of this publication.",
    "column core.publish_info.run_id": "Run that published.",
    "column core.publish_info.schema_name": "Schema of the table.",
    "column core.publish_info.table_name": "Name of the table.",
    "column core.publish_info.git_revision": "Revision of the code that built it, or unknown.",
    "column core.publish_info.row_count": "Rows of the table.",
    "column core.publish_info.as_of_date": "Local day whose end the figures stand for.",
    "column core.publish_info.published_at": "When it was published, in UTC.",
}


def verify(target: Path, tables: Sequence[PublishedTable]) -> None:
    """Read the finished file as a reader would; raises RuntimeError if a table differs."""
    if target.with_name(target.name + ".wal").exists():
        raise RuntimeError(f"{target.name} was not closed cleanly; run again")
    with duckdb.connect(str(target), read_only=True, config=dict(NO_EXTENSIONS)) as connection:
        for table in tables:
            row = connection.execute(f'select count(*) from {table.schema}."{table.name}"').fetchone()
            if row is None or row[0] != table.row_count:
                raise RuntimeError(f"{table.schema}.{table.name} has {row} rows instead of {table.row_count}")
