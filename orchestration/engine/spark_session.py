"""Statements to Spark, whether it runs within this process or behind a Thrift server."""

import logging
import os
import shutil
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from orchestration.engine.memory import machine_megabytes
from orchestration.settings import SparkSettings

# What the figures rest on, in every session: our own, and those of a server, where profiles.yml says the same.
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
SECONDS_TO_ANSWER = 10.0


class SparkFailed(Exception):
    """Spark cannot be started, reached or used, or went away; says why, and what to do."""


class Spark(Protocol):
    """Whoever runs a statement."""

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        """The rows of a statement, none if it gives none; SparkFailed if Spark is not there any more."""


class _Session:
    def __init__(self, session: Any, log: Path) -> None:
        self._session = session
        self._log = log

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        from py4j.protocol import Py4JError

        try:
            return [tuple(row) for row in self._session.sql(statement).collect()]
        except (Py4JError, OSError) as error:
            raise SparkFailed(
                f"Spark's process ended while it worked; see {self._log}. If the system took its memory, "
                "lower warehouse.spark.memory, or use fewer cores with warehouse.spark.master"
            ) from error

    def stop(self) -> None:
        from py4j.protocol import Py4JError

        # Where Java's process has died, there is nothing left to stop.
        with suppress(Py4JError, OSError):
            self._session.stop()


class _Server:
    def __init__(self, connection: Any, address: str) -> None:
        self._connection = connection
        self._address = address

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        from thrift.Thrift import TException

        try:
            cursor = self._connection.cursor()
            cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []
        except (TException, OSError) as error:
            raise SparkFailed(f"The Thrift server {self._address} went away; start it and run again") from error


@contextmanager
def connected(settings: SparkSettings, folder: Path) -> Iterator[Spark]:
    """Spark as the settings name it, let go of in the end; a session of ours keeps what it needs in `folder`."""
    if settings.server is not None:
        with _server(settings, *settings.server) as server:
            yield server
        return
    session = _Session(_started(settings, folder), folder / "spark.log")
    try:
        yield session
    finally:
        session.stop()


def _started(settings: SparkSettings, folder: Path) -> Any:
    """A session with its own catalog under `folder`; dbt, in the same process, finds and uses it."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    folder.mkdir(parents=True, exist_ok=True)
    for left in ("spill", "scratch"):
        shutil.rmtree(folder / left, ignore_errors=True)
    # dbt tells what failed, in words; this logger would repeat it as JSON with Java's stack.
    logging.getLogger("SQLQueryContextLogger").disabled = True
    builder = SparkSession.builder.enableHiveSupport()
    for key, value in {**_own_configuration(settings, folder), **SESSION_CONFIGURATION, **settings.conf}.items():
        builder = builder.config(key, value)
    try:
        return builder.getOrCreate()
    except (Py4JError, PySparkException, OSError) as error:
        raise SparkFailed(
            f"Spark does not start ({error}); see {folder / 'spark.log'}, warehouse.spark and JAVA_HOME"
        ) from error


def _own_configuration(settings: SparkSettings, folder: Path) -> Mapping[str, str]:
    log4j = folder / "log4j2.properties"
    log4j.write_text(LOGGING.format(file=folder / "spark.log"), encoding="utf-8")
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
        "spark.hadoop.javax.jdo.option.ConnectionURL": f"jdbc:derby:;databaseName={folder / 'catalog'};create=true",
        "spark.hadoop.hive.exec.scratchdir": str(folder / "scratch"),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }


@contextmanager
def _server(settings: SparkSettings, host: str, port: int) -> Iterator[Spark]:
    from pyhive import hive
    from thrift.Thrift import TException

    if settings.password:
        # dbt reads it from here and hides what is so named in all that it writes.
        os.environ["DBT_ENV_SECRET_SPARK_PASSWORD"] = settings.password
    try:
        connection = hive.connect(
            host=host,
            port=port,
            username=settings.user,
            password=settings.password,
            auth="LDAP" if settings.password else "NONE",
            configuration=dict(SESSION_CONFIGURATION),
        )
    except (TException, OSError) as error:
        raise SparkFailed(unreachable(settings) or f"The Thrift server {host}:{port} refuses: {error}") from error
    try:
        yield _Server(connection, f"{host}:{port}")
    finally:
        with suppress(TException, OSError):
            connection.close()


def unreachable(settings: SparkSettings) -> str | None:
    """Why the server does not answer, and the remedy; None if it does, or if there is none to ask."""
    if settings.server is None:
        return None
    try:
        socket.create_connection(settings.server, timeout=SECONDS_TO_ANSWER).close()
    except OSError as error:
        address = ":".join(str(part) for part in settings.server)
        reason = error.strerror or error
        return (
            f"The Thrift server {address} of Spark cannot be reached ({reason}); start it, or mend warehouse.spark.url"
        )
    return None
