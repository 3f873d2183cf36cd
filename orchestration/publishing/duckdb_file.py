"""The published DuckDB file, in a storage format that every BI driver opens."""

import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb

from orchestration.engine.duckdb import NO_EXTENSIONS
from orchestration.engine.memory import memory_limit
from orchestration.publishing.repair import Repair
from orchestration.publishing.table import PublishedTable

SCHEMAS = ("core", "marts", "quality")
# Much of writing a table is the work of one thread, so that two tables leave no processor idle.
TABLES_AT_ONCE = 2
# Money is carried unrounded as this type while figures are made of it, and rounded once, here.
UNROUNDED, ROUNDED = "DECIMAL(28,8)", "DECIMAL(18,2)"
# The engine divides numbers of 128 bits a hundred times slower than those of 64, which nearly all amounts fit.
NARROW = "DECIMAL(18,8)"


def _tables_to_publish(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    query = """
        select table_schema, table_name from information_schema.tables
        where table_catalog = 'built' and table_schema in (select unnest($schemas))
        order by table_schema, table_name
    """
    return connection.execute(query, {"schemas": list(SCHEMAS)}).fetchall()


def write(built: Path, target: Path, *, repair: Repair | None) -> list[PublishedTable]:
    """Bring the tables of the file that was built, with their comments, into a new file at `target`.

    With a repair the new file is the former one, in which the rows that changed are replaced.
    """
    if repair:
        shutil.copyfile(repair.former / target.name, target)
    config: dict[str, Any] = {**NO_EXTENSIONS, "memory_limit": memory_limit(), "preserve_insertion_order": "false"}
    with duckdb.connect(":memory:", config=config) as connection:
        connection.execute(f"set temp_directory = '{_escaped(str(target.parent / '.spill'))}'")
        connection.execute(f"attach '{_escaped(str(built))}' as built (read_only)")
        connection.execute(f"attach '{_escaped(str(target))}' as published (storage_version 'v1.2.0')")
        for schema in SCHEMAS:
            connection.execute(f"create schema if not exists published.{schema}")
        with ThreadPoolExecutor(TABLES_AT_ONCE) as pool:
            bringing = [
                pool.submit(_bring, connection.cursor(), *table, repair) for table in _tables_to_publish(connection)
            ]
            published = [table.result() for table in bringing]
        connection.execute("drop table if exists published.core.publish_info")
        connection.execute("checkpoint published")
        connection.execute("detach published")
    return published


def _escaped(text: str) -> str:
    return text.replace("'", "''")


def _bring(connection: duckdb.DuckDBPyConnection, schema: str, name: str, repair: Repair | None) -> PublishedTable:
    """Publish one table whole, or only what changed in it."""
    if repair is None or name not in repair.keys:
        _copy(connection, schema, name)
    elif repair.counts[name]:
        _replace(connection, schema, name, repair.keys[name])
    counts = [
        connection.execute(f'select count(*) from {database}.{schema}."{name}"').fetchone()
        for database in ("built", "published")
    ]
    if counts[0] != counts[1] or counts[0] is None:
        raise RuntimeError(f"{schema}.{name} would be published with {counts[1]} rows instead of {counts[0]}")
    return PublishedTable(schema, name, int(counts[0][0]))


def _replace(connection: duckdb.DuckDBPyConnection, schema: str, name: str, key: Sequence[str]) -> None:
    columns = connection.execute(
        "select column_name, data_type from duckdb_columns() "
        "where database_name = 'built' and schema_name = ? and table_name = ? order by column_index",
        [schema, name],
    ).fetchall()
    selected = ", ".join(_selected(column, of) for column, of in columns)
    relation, keys = f'{schema}."{name}"', ", ".join(key)
    is_changed = f'({keys}) in (select {keys} from built.changed."{name}")'
    connection.execute(f"delete from published.{relation} where {is_changed}")
    connection.execute(f"insert into published.{relation} select {selected} from built.{relation} where {is_changed}")


def _copy(connection: duckdb.DuckDBPyConnection, schema: str, name: str) -> None:
    columns = connection.execute(
        "select column_name, data_type, comment from duckdb_columns() "
        "where database_name = 'built' and schema_name = ? and table_name = ? order by column_index",
        [schema, name],
    ).fetchall()
    relation = f'{schema}."{name}"'
    selected = ", ".join(_selected(column, of) for column, of, _ in columns)
    connection.execute(f"create or replace table published.{relation} as select {selected} from built.{relation}")
    of_columns = {f'column published.{relation}."{column}"': comment for column, _, comment in columns}
    _comment(connection, {f"table published.{relation}": _table_comment(connection, schema, name), **of_columns})


def _selected(column: str, of: str) -> str:
    return f'{rounded(column)} as "{column}"' if of == UNROUNDED else f'"{column}"'


def rounded(column: str) -> str:
    """SQL that rounds an unrounded amount once, half away from zero, whatever its size."""
    narrow = f'cast(try_cast("{column}" as {NARROW}) as {ROUNDED})'
    return f'coalesce({narrow}, cast("{column}" as {ROUNDED}))'


def _table_comment(connection: duckdb.DuckDBPyConnection, schema: str, name: str) -> str | None:
    row = connection.execute(
        "select table_comment from information_schema.tables "
        "where table_catalog = 'built' and table_schema = ? and table_name = ?",
        [schema, name],
    ).fetchone()
    return row[0] if row else None


def _comment(connection: duckdb.DuckDBPyConnection, comments: Mapping[str, str | None]) -> None:
    """All in one transaction: each of its own would wait for the disk."""
    statements = [f"comment on {on} is '{_escaped(comment)}'" for on, comment in comments.items() if comment]
    connection.execute("; ".join(["begin", *statements, "commit"]))


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
        _comment(connection, PUBLISH_INFO_COMMENTS)
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
