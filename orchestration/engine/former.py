"""The publication that stands before, as dbt reads it to tell which published figures changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb

from orchestration.engine.duckdb import files_sql

SOURCE = "former"
PUBLICATION = "published_at timestamp, as_of_date date, is_definition_changed boolean"
LISTS = frozenset({"fct_restatements", "fct_predictions"})


@dataclass(frozen=True)
class Former:
    """The publication that a build's figures are held against."""

    directory: Path
    published_at: datetime
    as_of: date
    is_definition_changed: bool


def register_former(
    connection: duckdb.DuckDBPyConnection,
    manifest: Mapping[str, Any],
    former: Former | None,
    *,
    standing: Path | None,
) -> None:
    """Make a former publication readable as the schema `former`, with the columns that tables have now.

    Without one all is empty but the lists of restatements and predictions, which are carried on from the
    publication that readers see now, at `standing`.
    """
    connection.execute(f"create schema if not exists {SOURCE}")
    _register_publication(connection, former)
    models = {node["name"]: node for node in manifest["nodes"].values() if node["resource_type"] == "model"}
    for source in manifest["sources"].values():
        name = source["name"]
        if source["source_name"] == SOURCE and name != "publication":
            directory = standing if name in LISTS else former.directory if former else None
            types = {column["name"]: column["data_type"] for column in models[name]["columns"].values()}
            body = _published_sql(connection, directory, f"{models[name]['schema']}/{name}", types)
            connection.execute(f"create or replace view {SOURCE}.{name} as {body}")


def _register_publication(connection: duckdb.DuckDBPyConnection, former: Former | None) -> None:
    connection.execute(f"create or replace table {SOURCE}.publication ({PUBLICATION})")
    if former is not None:
        published_at = former.published_at.astimezone(UTC).replace(tzinfo=None)
        row = [published_at, former.as_of, former.is_definition_changed]
        connection.execute(f"insert into {SOURCE}.publication values (?, ?, ?)", row)


def _published_sql(
    connection: duckdb.DuckDBPyConnection, directory: Path | None, table: str, types: Mapping[str, str]
) -> str:
    """What was published of a table; a column that it did not have yet is null."""
    files = sorted((directory / "parquet" / table).glob("*.parquet")) if directory else []
    if not files:
        return "select " + ", ".join(f'cast(null as {of}) as "{name}"' for name, of in types.items()) + " where false"
    relation = files_sql(files)
    published = {row[0] for row in connection.execute(f"describe select * from {relation}").fetchall()}
    columns = [f'cast({name if name in published else "null"} as {of}) as "{name}"' for name, of in types.items()]
    return f"select {', '.join(columns)} from {relation}"
