"""Spark as the engine: the lake's files registered as its tables, and what it built shown to DuckDB."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import duckdb
import pyarrow as pa

from orchestration.engine.duckdb import LINEAGE, as_of_day, register, register_freshness
from orchestration.engine.duckdb import connected as duckdb_connected
from orchestration.engine.former import Former, register_former
from orchestration.engine.spark_needs import missing
from orchestration.engine.spark_session import Spark, SparkFailed, connected, unreachable
from orchestration.engine.state import git_revision
from orchestration.engine.value_tables import register_value
from orchestration.feed import TABLES, Table
from orchestration.feed.quoting import identifier, literal
from orchestration.lake import JudgedLoad, Lake
from orchestration.settings import Settings

# What the folder of a load says of its rows, so that Spark opens only the folders that a model asks for.
FOLDER_COLUMNS = ("source_system", "load_id")
LAYERS = ("seeds", "staging", "intermediate", "core", "measures", "marts", "quality")
# What one repair reads and leaves behind, and the next one forgets.
OF_A_REPAIR = ("arrived", "touched", "recomputed", "changed")
SCHEMAS = ("feed", "lake", "former", "value", *LAYERS, *OF_A_REPAIR)
IN_MEMORY = Path(":memory:")


@dataclass
class OnSpark:
    """Spark, with all that it writes under `<home>/warehouse/spark`: its tables, catalog, spill and log.

    Where nothing but a look at the lake is needed, DuckDB takes it, since Spark is slow to start.
    """

    settings: Settings
    loads: Sequence[JudgedLoad] = field(default=(), init=False)
    arrived: Sequence[JudgedLoad] | None = field(default=None, init=False)
    records: dict[str, Mapping[str, str]] = field(default_factory=dict, init=False)
    spark: Spark | None = field(default=None, init=False)

    @property
    def target(self) -> str:
        """A session of this process, or a server."""
        if self.settings.spark.server is None:
            return "spark_session"
        return "spark_server_with_password" if self.settings.spark.password else "spark_server"

    @property
    def folder(self) -> Path:
        """Where Spark works; on a cluster every machine sees it under this name."""
        return self.settings.home / "warehouse" / "spark"

    def missing(self) -> str | None:
        """Packages or Java that are not there."""
        return missing(self.settings.spark)

    def unreachable(self) -> str | None:
        """A server that does not answer."""
        return unreachable(self.settings.spark)

    def prepare(self, loads: Sequence[JudgedLoad], *, run_id: str, asked: str | None) -> date:
        """Find the day of the build, and write the lake's records as files for Spark."""
        self.loads = loads
        with duckdb_connected(IN_MEMORY) as connection:
            register(connection, loads, run_id=run_id, git=git_revision())
            self._write_records(connection, "lake")
            self._write_records(connection, "value")
            return as_of_day(connection, self.settings, asked)

    def tell_freshness(self, lake: Lake, as_of: date) -> None:
        """Write it as a file for Spark."""
        with duckdb_connected(IN_MEMORY) as connection:
            register(connection, self.loads, run_id="", git="")
            register_freshness(connection, lake, self.settings, as_of)
            self._write_record(connection, "lake.freshness")

    def tell_arrived(self, loads: Sequence[JudgedLoad] | None) -> None:
        """Note them, to be registered beside all others."""
        self.arrived = loads

    def tell_former(self, manifest: Mapping[str, Any], former: Former | None, *, standing: Path | None) -> None:
        """Write what was published, with the columns that tables have now, as files for Spark."""
        with duckdb_connected(IN_MEMORY) as connection:
            register_former(connection, manifest, former, standing=standing)
            self._write_records(connection, "former")

    def _write_records(self, connection: duckdb.DuckDBPyConnection, schema: str) -> None:
        query = "select table_name from information_schema.tables where table_schema = ?"
        for (name,) in connection.execute(query, [schema]).fetchall():
            self._write_record(connection, f"{schema}.{name}")

    def _write_record(self, connection: duckdb.DuckDBPyConnection, relation: str) -> None:
        file = self.folder / "records" / relation / "part-0.parquet"
        file.parent.mkdir(parents=True, exist_ok=True)
        connection.execute(f"copy {relation} to {literal(str(file))} (format parquet)")
        self.records[relation] = {row[0]: row[1] for row in connection.execute(f"describe {relation}").fetchall()}

    def tell_value(self, tables: Mapping[str, pa.Table]) -> None:
        """Write it as files, and let Spark look at them anew."""
        with duckdb_connected(IN_MEMORY) as connection:
            register_value(connection, tables)
            self._write_records(connection, "value")
        if self.spark is not None:
            for name in tables:
                self.spark.execute(f"refresh table value.{name}")

    @contextmanager
    def building(self) -> Iterator[Mapping[str, Any]]:
        """Spark running, with the lake's rows in its catalog."""
        with connected(self.settings.spark, self.folder) as spark:
            self._make_schemas(spark)
            self._register_loads(spark, "feed", self.loads)
            if self.arrived is not None:
                self._look_for_former(spark)
                self._register_loads(spark, "arrived", self.arrived)
            for relation, types in self.records.items():
                _register_files(spark, relation, types, self.folder / "records" / relation)
            self._look_for_records(spark)
            self.spark = spark
            yield self._address()
            # Where Spark died while dbt worked, this says so, and dbt could only say what it missed.
            spark.execute("select 1")
            self.spark = None

    def _address(self) -> Mapping[str, Any]:
        asked = self.settings.spark
        if asked.server is None:
            return {}
        host, port = asked.server
        return {"spark_host": host, "spark_port": port, "spark_user": asked.user}

    def _make_schemas(self, spark: Spark) -> None:
        """One folder per schema; files that an interrupted run left there belong to no table and go."""
        for schema in OF_A_REPAIR:
            spark.execute(f"drop schema if exists {schema} cascade")
        for schema in SCHEMAS:
            folder = self.folder / "tables" / schema
            folder.mkdir(parents=True, exist_ok=True)
            spark.execute(f"create schema if not exists {schema} location {_spark_literal(folder)}")
            described = {row[0]: str(row[1]) for row in spark.execute(f"describe schema {schema}")}
            if Path(unquote(urlsplit(described["Location"]).path)) != folder:
                raise SparkFailed(
                    f"The catalog of Spark has a schema {schema} already, at {described['Location']}; "
                    "give this warehouse a catalog of its own"
                )
            tables = {str(row[1]) for row in spark.execute(f"show tables in {schema}")}
            for left in (path for path in folder.iterdir() if path.name not in tables):
                shutil.rmtree(left)

    def _register_loads(self, spark: Spark, schema: str, loads: Sequence[JudgedLoad]) -> None:
        for table in TABLES.values():
            of_table = [load for load in loads if load.table_name == table.name]
            _register_feed(spark, schema, table, of_table, self.folder / schema / table.name)

    def _look_for_former(self, spark: Spark) -> None:
        """A catalog that was emptied or replaced holds nothing to repair."""
        if not spark.execute("show tables in core like 'fct_orders'"):
            raise SparkFailed(
                "The catalog of Spark does not hold what the last run built, so it cannot be repaired; "
                "run with --full-refresh"
            )

    def _look_for_records(self, spark: Spark) -> None:
        """Whoever reads another machine's files, or none, would build an empty warehouse."""
        if spark.execute("select count(*) from lake.loads") != [(len(self.loads),)]:
            raise SparkFailed(
                f"Spark does not see the files under {self.settings.home}; "
                "let warehouse.home be on a file system that its machines share under the same path"
            )

    def show(self, manifest: Mapping[str, Any]) -> Path:
        """A file of views over the Parquet files of every table that dbt built, and of what a repair changed."""
        path = self.folder / "built.duckdb"
        path.unlink(missing_ok=True)
        with duckdb_connected(path) as connection:
            for schema in (*LAYERS, "changed"):
                connection.execute(f"create schema if not exists {schema}")
            for node in manifest["nodes"].values():
                if node["resource_type"] in ("model", "seed"):
                    _show(connection, node, self.folder / "tables")
        return path


def _spark_literal(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _columns(types: Mapping[str, str]) -> str:
    return ", ".join(f"`{name}` {'string' if of.lower() == 'varchar' else of}" for name, of in types.items())


def _register_feed(spark: Spark, schema: str, table: Table, loads: Sequence[JudgedLoad], folder: Path) -> None:
    """A table over the folders of those loads, and of no other that may lie beside them.

    It has a location of its own, which makes it external: dropping any other would delete the lake's files.
    """
    types = {**{column.name: column.sql_type for column in table.columns}, **LINEAGE}
    # Spark wants them last.
    types |= {name: types.pop(name) for name in FOLDER_COLUMNS}
    name = f"{schema}.`{table.name}`"
    spark.execute(f"drop table if exists {name}")
    partitions = [
        f"partition (source_system='{load.source_system}', load_id='{load.load_id}') "
        f"location {_spark_literal(load.valid_path.parent)}"
        for load in loads
        if load.has_valid_rows
    ]
    spark.execute(
        f"create table {name} ({_columns(types)}) using parquet partitioned by ({', '.join(FOLDER_COLUMNS)}) "
        f"location {_spark_literal(folder)}"
    )
    if partitions:
        spark.execute(f"alter table {name} add {' '.join(partitions)}")


def _register_files(spark: Spark, name: str, types: Mapping[str, str], folder: Path) -> None:
    spark.execute(f"drop table if exists {name}")
    spark.execute(f"create table {name} ({_columns(types)}) using parquet location {_spark_literal(folder)}")


def _show(connection: duckdb.DuckDBPyConnection, node: Mapping[str, Any], tables: Path) -> None:
    """A view of the types that the contract says, whatever of them Parquet knows, and one of what changed."""
    is_typed = node["config"].get("contract", {}).get("enforced", False)
    columns = {column["name"]: column for column in node["columns"].values()} if is_typed else {}
    types = {name: column["data_type"] for name, column in columns.items()}
    relation = f"{node['schema']}.{identifier(node['name'])}"
    if not _show_files(connection, relation, tables / node["schema"] / node["name"], types):
        return
    if types:
        changed = f"changed.{identifier(node['name'])}"
        _show_files(connection, changed, tables / "changed" / node["name"], {**types, "is_added": "boolean"})
    comments = {f"view {relation}": node["description"]}
    comments |= {f"column {relation}.{identifier(name)}": column["description"] for name, column in columns.items()}
    for on, comment in comments.items():
        connection.execute(f"comment on {on} is {literal(comment)}")


def _show_files(connection: duckdb.DuckDBPyConnection, relation: str, folder: Path, types: Mapping[str, str]) -> bool:
    """A view over the files of a table, if there is such a table; says whether there is."""
    if not folder.is_dir():
        return False
    if any(folder.rglob("*.parquet")):
        read = f"read_parquet({literal(str(folder / '**' / '*.parquet'))}, hive_partitioning = true)"
        selected = ", ".join(_typed(name, of) for name, of in types.items()) or "*"
        connection.execute(f"create view {relation} as select {selected} from {read}")
    else:
        # A table in partitions has no file as long as it has no row.
        nothing = ", ".join(f"cast(null as {of}) as {identifier(name)}" for name, of in types.items())
        connection.execute(f"create view {relation} as select {nothing} where false")
    return True


def _typed(name: str, of: str) -> str:
    column = identifier(name)
    value = f"timezone('UTC', {column})" if of == "timestamp" else column
    return f"cast({value} as {of}) as {column}"
