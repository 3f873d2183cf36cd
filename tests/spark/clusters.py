"""A cluster of Spark on this machine: a Thrift server that gives work to executors in processes of their own."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyspark

SPARK_HOME = Path(pyspark.__file__).parent
# A short life: compiling Java further than needed would take longer than it saves. Room for what is compiled is
# small then by default, and hundreds of plans fill it.
QUICK_JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:ReservedCodeCacheSize=256m"
SECONDS_TO_START = 120.0


@dataclass(frozen=True)
class Cluster:
    """A Thrift server, and how to hurt it."""

    process: subprocess.Popen[bytes]
    port: int

    @property
    def url(self) -> str:
        return f"thrift://localhost:{self.port}"

    def executors(self) -> list[int]:
        """Processes that do the work."""
        return [pid for pid in _processes_of(self.process.pid) if "ExecutorBackend" in _command(pid)]

    def kill(self) -> None:
        """Stop it as a machine's failure does: server and executors at once."""
        for pid in [self.process.pid, *_processes_of(self.process.pid)]:
            end(pid)
        self.process.wait()


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """A Thrift server over `local-cluster[2,1,1024]`, that keeps its catalog and log in `folder`."""
    folder.mkdir()
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    catalog = f"jdbc:derby:;databaseName={folder / 'catalog'};create=true"
    settings = {
        "spark.sql.warehouse.dir": folder / "tables",
        "spark.hadoop.javax.jdo.option.ConnectionURL": catalog,
        "spark.hadoop.hive.exec.scratchdir": folder / "scratch",
        "spark.hadoop.hive.server2.thrift.port": port,
        "spark.hadoop.hive.server2.thrift.bind.host": "localhost",
        "spark.driver.extraJavaOptions": f"{QUICK_JAVA} -Dderby.stream.error.file={folder / 'derby.log'}",
        "spark.executor.extraJavaOptions": QUICK_JAVA,
        "spark.sql.shuffle.partitions": 2,
        "spark.ui.enabled": "false",
    }
    command = [
        *(str(SPARK_HOME / "bin" / "spark-submit"), "--master", "local-cluster[2,1,1024]"),
        *(part for key, value in settings.items() for part in ("--conf", f"{key}={value}")),
        *("--class", "org.apache.spark.sql.hive.thriftserver.HiveThriftServer2", "spark-internal"),
    ]
    with (folder / "log").open("wb") as log:
        environment = {**os.environ, "SPARK_HOME": str(SPARK_HOME), "SPARK_WORKER_DIR": str(folder / "work")}
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
    started = Cluster(process, port)
    try:
        _wait_for(started, folder / "log")
        yield started
    finally:
        started.kill()


def _wait_for(started: Cluster, log: Path) -> None:
    end = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < end and started.process.poll() is None:
        with socket.socket() as attempt:
            if attempt.connect_ex(("localhost", started.port)) == 0:
                return
        time.sleep(0.5)
    raise RuntimeError(f"The Thrift server did not start:\n{log.read_text(encoding='utf-8')[-3000:]}")


def java_of(pid: int) -> int:
    """The process of Java that a process of Python has started."""
    return next(child for child in _processes_of(pid) if "java" in _command(child).split("\0")[0])


def _processes_of(pid: int) -> list[int]:
    """All processes that a process has started, and those that they have."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    found = sorted({int(child) for path in tasks for child in _text(path).split()})
    return [*found, *(grandchild for child in found for grandchild in _processes_of(child))]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _command(pid: int) -> str:
    return _text(Path(f"/proc/{pid}/cmdline"))


def end(pid: int) -> None:
    """As the system ends a process that takes too much memory."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
