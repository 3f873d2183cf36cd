"""One run of the job outside the UI: started, followed, summed up."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import sqlalchemy.exc

from orchestration.console import speak_to_terminal
from orchestration.lake import Lake
from orchestration.report import print_failures, print_summary, say
from orchestration.settings import Settings

JOB = "lifecycle_warehouse"
REPORTS_PORT = 3001
INSTANCE_CONFIGURATION = """\
# Dagster's own settings for this warehouse. DuckDB has one writer: the run itself holds that right,
# and the system takes it back when the run's process ends, however it ends.
telemetry:
  enabled: false
nux:
  enabled: false
run_coordinator:
  module: dagster._core.run_coordinator
  class: DefaultRunCoordinator
event_log_storage:
  module: orchestration.records
  class: QuickEventLogStorage
  config:
    base_dir: {folder}
python_logs:
  managed_python_loggers: [lifecycle]
  python_log_level: INFO
"""


@dataclass(frozen=True)
class RunRequest:
    """What is asked of one run."""

    as_of: str | None = None
    known: str | None = None
    full_refresh: bool = False
    select: str | None = None
    accept_loads: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """How a run ended; the exit code is the contract's."""

    run_id: str
    exit_code: int


class RunFailed(Exception):
    """The run could not begin; says why, what to do, and the exit code."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def instance_of(settings: Settings) -> dg.DagsterInstance:
    """Dagster's records of this warehouse, under its home."""
    folder = dagster_home(settings)
    try:
        return dg.DagsterInstance.from_config(str(folder))
    except OSError as error:
        raise RunFailed(f"{folder} cannot be written ({error.strerror}); choose another warehouse.home", 2) from error


def dagster_home(settings: Settings) -> Path:
    """The folder of Dagster's records, with its settings in it."""
    folder = settings.home / "dagster"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        records = json.dumps(str(folder / "history" / "runs"))
        configuration = INSTANCE_CONFIGURATION.format(folder=records)
        (folder / "dagster.yaml").write_text(configuration, encoding="utf-8")
    except OSError as error:
        raise RunFailed(f"{folder} cannot be written ({error.strerror}); choose another warehouse.home", 2) from error
    return folder


def run_warehouse(settings: Settings, request: RunRequest) -> Outcome:
    """Run the job, telling the terminal of its progress, and sum it up in the end."""
    from orchestration.definitions import build_definitions

    unknown = [load for load in request.accept_loads if Lake(settings.home / "lake").raw_load(load) is None]
    if unknown:
        raise RunFailed(f"There is no load {', '.join(unknown)}; `lifecycle status` lists those that wait.", 2)
    definitions = build_definitions(settings)
    selection = _selected(definitions, request.select)
    speak_to_terminal()
    # When nothing is new the models' checks give no result, and nothing waits for them: no news.
    logging.getLogger("dagster._core.execution.plan.active").setLevel(logging.ERROR)
    with _records_kept(settings), instance_of(settings) as instance:
        result = definitions.resolve_job_def(JOB).execute_in_process(
            run_config=_run_config(request),
            instance=instance,
            raise_on_error=False,
            asset_selection=selection,
        )
        print_failures(settings, result)
        print_summary(settings, result)
    return Outcome(result.run_id, _exit_code(settings, result))


@contextmanager
def _records_kept(settings: Settings) -> Iterator[None]:
    """Say in words that the disk has no room for Dagster's records, without which no run goes on."""
    try:
        yield
    except sqlalchemy.exc.OperationalError as error:
        raise RunFailed(
            f"The records of the run cannot be written ({error.orig}). What was published before stands; "
            f"make room on the disk of {settings.home}, let this user write there, and run again.",
            1,
        ) from error


def _run_config(request: RunRequest) -> Mapping[str, object]:
    options = {
        "as_of": request.as_of,
        "known": request.known,
        "full_refresh": request.full_refresh,
        "accept_loads": list(request.accept_loads),
    }
    given = {name: value for name, value in options.items() if value is not None}
    return {
        "resources": {"run": {"config": given}},
        "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
    }


def _selected(definitions: dg.Definitions, select: str | None) -> list[dg.AssetKey] | None:
    if select is None:
        return None
    graph = definitions.resolve_asset_graph()
    try:
        found = dg.AssetSelection.from_string(select).resolve(graph)
    except Exception as error:
        raise RunFailed(f"--select '{select}' is not a selection: {error}", 2) from error
    if not found:
        raise RunFailed(f"--select '{select}' names no asset; try 'group:marts' or 'key:marts/*'", 2)
    return sorted(found)


def _exit_code(settings: Settings, result: dg.ExecuteInProcessResult) -> int:
    if not result.success:
        return 1
    readings = Lake(settings.home / "lake").readings()
    names = {source.name for source in settings.sources}
    return 3 if any(reading.get("failure") for (name, _), reading in readings.items() if name in names) else 0


def serve_ui(settings: Settings, port: int) -> int:
    """Dagster's UI and daemon, and the judging reports beside them, until interrupted."""
    environment = {**os.environ, "DAGSTER_HOME": str(dagster_home(settings))}
    if settings.configuration:
        environment["LIFECYCLE_CONFIG"] = str(settings.configuration.resolve())
    programs = Path(sys.executable).parent
    reports = settings.home / "lake" / "reports"
    reports.mkdir(parents=True, exist_ok=True)
    code = ["-m", "orchestration.definitions"]
    commands = [
        [str(programs / "dagster-webserver"), *code, "-h", "127.0.0.1", "-p", str(port)],
        [str(programs / "dagster-daemon"), "run", *code],
        [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "-d", str(reports), str(REPORTS_PORT)],
    ]
    say(f"The UI: http://127.0.0.1:{port}; reports of judging: http://127.0.0.1:{REPORTS_PORT}. Ctrl+C ends both.")
    started = [subprocess.Popen(command, env=environment) for command in commands[:2]]
    # The server of reports would write a line for each page that is looked at.
    silent = subprocess.DEVNULL
    started.append(subprocess.Popen(commands[2], stdout=silent, stderr=silent))
    try:
        return started[0].wait()
    except KeyboardInterrupt:
        return 0
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait()
