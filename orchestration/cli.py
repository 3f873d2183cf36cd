"""The command line: a thin face of the job that the UI runs too."""

import os
import sys
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import click

from orchestration.settings import SMALLEST_DEMO, ConfigurationError, Settings, configured_path, load_settings

OK, BLOCKED, WRONG, UNREAD = 0, 1, 2, 3

CONFIG = click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="Configuration; without one lifecycle.yml of the working directory, else the demo company.",
)


class Day(click.ParamType):
    """A date as YYYY-MM-DD."""

    name = "YYYY-MM-DD"

    def convert(self, value: str | date, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The same text, once it is known to be a date."""
        try:
            return date.fromisoformat(str(value)).isoformat()
        except ValueError:
            self.fail(f"'{value}' is not a date such as 2026-01-31", param, ctx)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="customer-lifecycle-warehouse")
def main() -> None:
    """Build, check and serve the customer lifecycle warehouse."""
    # Before any of these tools is imported: none reports home.
    os.environ.update(
        DO_NOT_TRACK="1",
        DBT_SEND_ANONYMOUS_USAGE_STATS="false",
        DAGSTER_DISABLE_TELEMETRY="1",
        GX_ANALYTICS_ENABLED="false",
    )
    # Of what Spark and pandas do together, nothing is done here.
    warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)


def _settings(config: Path | None) -> Settings:
    """The settings, or every mistake on standard error and exit code 2."""
    try:
        return load_settings(config or configured_path())
    except ConfigurationError as error:
        for line in str(error).splitlines():
            click.secho(line, fg="red", err=True)
        sys.exit(WRONG)


def _demand_engine(settings: Settings, *, connect: bool = False) -> None:
    """What the engine lacks here, on standard error and exit code 2, before anything is begun."""
    from orchestration.engine.choice import engine_of

    engine = engine_of(settings)
    if lacking := engine.missing() or (engine.unreachable() if connect else None):
        click.secho(lacking, fg="red", err=True)
        sys.exit(WRONG)


@main.command()
@CONFIG
@click.option("--as-of", type=Day(), help="Figures as of the end of this local day; auto by default.")
@click.option("--known", type=Day(), help="Only what had been loaded by the end of this local day.")
@click.option("--full-refresh", is_flag=True, help="Build the models and publish even if nothing is new.")
@click.option("--select", help="Only these assets, in Dagster's selection syntax, as in 'group:marts'.")
@click.option("--accept-load", multiple=True, metavar="ID", help="Accept a refused load; may be repeated.")
def run(
    config: Path | None,
    as_of: str | None,
    known: str | None,
    full_refresh: bool,
    select: str | None,
    accept_load: Sequence[str],
) -> None:
    """Read the sources, judge what is new, build the models, publish.

    Exit codes: 0 all good; 1 something blocked and nothing was published; 2 the configuration or
    the command line is wrong; 3 a source could not be read, the rest was published.
    """
    settings = _settings(config)
    _demand_engine(settings)
    from orchestration.run import RunFailed, RunRequest, run_warehouse

    request = RunRequest(
        as_of=as_of, known=known, full_refresh=full_refresh, select=select, accept_loads=tuple(accept_load)
    )
    try:
        outcome = run_warehouse(settings, request)
    except RunFailed as failure:
        click.secho(str(failure), fg="red", err=True)
        sys.exit(failure.exit_code)
    sys.exit(outcome.exit_code)


@main.command()
@CONFIG
@click.option("--connect", is_flag=True, help="Also look whether each source can be reached.")
def check(config: Path | None, connect: bool) -> None:
    """Check a configuration and name every mistake with its line and remedy."""
    settings = _settings(config)
    _demand_engine(settings, connect=connect)
    failures = _unreachable(settings) if connect else []
    for failure in failures:
        click.secho(failure, fg="red", err=True)
    if failures:
        sys.exit(UNREAD)
    names = ", ".join(source.name for source in settings.sources)
    click.echo(f"The configuration is good: {len(settings.sources)} sources ({names}), home {settings.home}.")


def _unreachable(settings: Settings) -> list[str]:
    return [
        f"source {source.name}: {source.conceal(str(source.path))} is not a folder that can be read; "
        "check path and permissions"
        for source in settings.sources
        if source.demo is None and not (source.path.is_dir() and os.access(source.path, os.R_OK | os.X_OK))
    ]


@main.command()
@CONFIG
@click.option("--port", default=3000, show_default=True, help="Port of the UI; reports of judging are on 3001.")
def ui(config: Path | None, port: int) -> None:
    """Dagster's web UI and daemon on 127.0.0.1, with the same definitions."""
    settings = _settings(config)
    _demand_engine(settings)
    from orchestration.run import RunFailed, serve_ui

    try:
        sys.exit(serve_ui(settings, port))
    except RunFailed as failure:
        click.secho(str(failure), fg="red", err=True)
        sys.exit(failure.exit_code)


@main.command()
@CONFIG
def status(config: Path | None) -> None:
    """What is published, which loads wait for a decision, how fresh the sources are."""
    settings = _settings(config)
    from orchestration.report import print_status

    print_status(settings)


@contextmanager
def _writing(folder: Path, files: Iterable[Path]) -> Iterator[None]:
    """Write files that are not there yet: what somebody has in their place stays, and exit code 2 says so."""
    try:
        present = next((file for file in files if file.exists()), None)
        if present is None:
            yield
            return
        complaint = f"{present} is there already; name another folder, or move it away"
    except OSError as error:
        complaint = f"{folder} cannot be written ({error.strerror}); name another folder"
    click.secho(complaint, fg="red", err=True)
    sys.exit(WRONG)


@main.command()
@click.argument("table", required=False)
@click.option("--template", type=click.Path(path_type=Path), help="Write an empty CSV per table to this folder.")
def feed(table: str | None, template: Path | None) -> None:
    """The feed format: its tables, the columns of one, or empty files to fill."""
    from orchestration.feed import TABLES
    from orchestration.report import print_columns, print_tables

    if template is not None:
        files = {template / f"{of.name}.csv": ",".join(of.column_names) + "\n" for of in TABLES.values()}
        with _writing(template, files):
            template.mkdir(parents=True, exist_ok=True)
            for file, header in files.items():
                file.write_text(header, encoding="utf-8")
        click.echo(f"Wrote {len(TABLES)} empty tables to {template}.")
    elif table is None:
        print_tables()
    elif table in TABLES:
        print_columns(TABLES[table])
    else:
        click.secho(f"There is no feed table '{table}'; `lifecycle feed` lists them.", fg="red", err=True)
        sys.exit(WRONG)


@main.command()
@click.option("--customers", default=5000, show_default=True, type=click.IntRange(SMALLEST_DEMO))
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder to write to.")
def demo(customers: int, seed: int, out: Path) -> None:
    """Write the files of the demo company, a configuration that reads them, and the truth about them."""
    from orchestration.demo import generate

    with _writing(out, [out / "lifecycle.yml"]):
        generate(out, customers=customers, seed=seed)
    click.echo(f"Wrote the demo company to {out}. Build it: lifecycle run --config {out / 'lifecycle.yml'}")
