"""Statements to Spark, whether it runs within this process or behind a Thrift server."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from orchestration.engine.memory import machine_megabytes
from orchestration.settings import SparkSettings

# What the figures rest on, in every session: our own, dbt's, and those of a server.
SESSION_CONFIGURATION: Mapping[str, str] = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.sources.partitionOverwriteMode": "dynamic",
    # Walks end by themselves, so their length needs no limit.
    "spark.sql.cteRecursionLevelLimit": "-1",
    "spark.sql.cteRecursionRowLimit": "-1",
    # Spark 4.3 sends a plan to its tasks that they cannot read back when it fuses a union into one function.
    "spark.sql.codegen.wholeStage.union.enabled": "false",
}
LOGGING = """\
rootLogger.level = warn
rootLogger.appenderRef.file.ref = file
appender.file.type = File
appender.file.name = file
appender.file.fileName = {file}
appender.file.append = false
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d{{yyyy-MM-dd HH:mm:ss}} %p %c{{1}}: %m%n%ex
"""


class SparkUnreachable(Exception):
    """Spark could not be started or reached; says why, and what to do."""


class Spark(Protocol):
    """Whoever runs a statement."""

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        """The rows of a statement, none if it gives none."""


class _Session:
    def __init__(self, session: Any) -> None:
        self._session = session

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self._session.sql(statement).collect()]


class _Server:
    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        cursor = self._connection.cursor()
        cursor.execute(statement)
        return list(cursor.fetchall()) if cursor.description else []


@contextmanager
def connected(settings: SparkSettings, folder: Path) -> Iterator[Spark]:
    """Spark as the settings name it, let go of in the end; a session of ours keeps what it needs in `folder`."""
    if settings.server is not None:
        with _server(settings, *settings.server) as server:
            yield server
        return
    session = _session(settings, folder)
    try:
        yield _Session(session)
    finally:
        session.stop()


def _session(settings: SparkSettings, folder: Path) -> Any:
    """A session with its own catalog under `folder`; dbt, in the same process, finds and uses it."""
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    folder.mkdir(parents=True, exist_ok=True)
    # dbt tells what failed, in words; this logger would repeat it as JSON with Java's stack.
    logging.getLogger("SQLQueryContextLogger").disabled = True
    builder = SparkSession.builder.enableHiveSupport()
    for key, value in {**_own_configuration(settings, folder), **SESSION_CONFIGURATION, **settings.conf}.items():
        builder = builder.config(key, value)
    try:
        return builder.getOrCreate()
    except (PySparkException, OSError) as error:
        raise SparkUnreachable(
            f"Spark does not start: {error}; see {folder / 'spark.log'}, warehouse.spark and JAVA_HOME"
        ) from error


def _own_configuration(settings: SparkSettings, folder: Path) -> Mapping[str, str]:
    log4j = folder / "log4j2.properties"
    log4j.write_text(LOGGING.format(file=folder / "spark.log"), encoding="utf-8")
    catalog = f"jdbc:derby:;databaseName={folder / 'catalog'};create=true"
    options = (
        f"-Dlog4j2.configurationFile={log4j.as_uri()}",
        f"-Dderby.stream.error.file={folder / 'derby.log'}",
    )
    return {
        "spark.master": settings.master,
        "spark.app.name": "lifecycle",
        "spark.driver.memory": settings.memory or f"{max(1024, machine_megabytes() // 2)}m",
        "spark.driver.extraJavaOptions": " ".join(f'"{option}"' for option in options),
        "spark.local.dir": str(folder / "spill"),
        "spark.sql.warehouse.dir": str(folder / "tables"),
        "spark.hadoop.javax.jdo.option.ConnectionURL": catalog,
        "spark.hadoop.hive.exec.scratchdir": str(folder / "scratch"),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }


@contextmanager
def _server(settings: SparkSettings, host: str, port: int) -> Iterator[Spark]:
    from pyhive import hive
    from thrift.Thrift import TException

    try:
        connection = hive.connect(
            host=host,
            port=port,
            username=settings.user,
            password=settings.password,
            auth="LDAP" if settings.password else "NONE",
            configuration={**SESSION_CONFIGURATION, **settings.conf},
        )
    except (TException, OSError) as error:
        raise SparkUnreachable(
            f"The Thrift server {host}:{port} of Spark cannot be reached ({error}); "
            "start it, or mend warehouse.spark.url"
        ) from error
    try:
        yield _Server(connection)
    finally:
        connection.close()
