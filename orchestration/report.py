"""What a person reads at the terminal: the summary of a run, failures and remedies, the state of things."""

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import takewhile

import dagster as dg
import duckdb
from rich.console import Console
from rich.table import Table as Sheet
from rich.text import Text

from orchestration import publishing
from orchestration.engine.duckdb import pending_refusals
from orchestration.feed import TABLES, Table
from orchestration.lake import JudgedLoad, Lake
from orchestration.settings import Settings

PIPED_WIDTH = 200
NAMED_FILES = 5
# A table that is piped or logged has room; on a terminal it has as much as the terminal.
# What is told comes from files and folders, whose names may look like markup.
OUT = Console(highlight=False, markup=False, soft_wrap=True, width=None if sys.stdout.isatty() else PIPED_WIDTH)
SIGNS_OF_A_FULL_DISK = ("No space left", "disk is full", "File too large")
LAYERS = {
    "extract": "raw",
    "judge": "valid",
    "dbt": "models",
    "published": "published",
    "demo": "demo company",
}


def say(text: str) -> None:
    """One line for the person at the terminal."""
    OUT.print(text)


def _say_red(what: str, then: str = "") -> None:
    OUT.print(Text.assemble((what, "red"), then))


def _sheet(title: str, *columns: str) -> Sheet:
    """A plain table: text to the left in the first columns, numbers to the right."""
    sheet = Sheet(title=title, title_justify="left", box=None, pad_edge=False)
    for column in columns:
        is_number = column.startswith("#")
        sheet.add_column(column.removeprefix("#"), justify="right" if is_number else "left")
    return sheet


def print_tables() -> None:
    """The feed tables, one line each."""
    sheet = _sheet("The feed tables", "table", "名称", "key", "a row is")
    for table in TABLES.values():
        sheet.add_row(table.name, table.name_zh, ", ".join(table.key), table.description)
    OUT.print(sheet)


def print_columns(table: Table) -> None:
    """The columns of one feed table; key columns and required values are marked."""
    sheet = _sheet(f"{table.name} {table.name_zh}: {table.description}", "column", "名称", "type", "", "meaning")
    for column in table.columns:
        mark = "key" if column.name in table.key else "required" if column.is_required else ""
        values = f" One of: {', '.join(column.values)}." if column.values else ""
        refers = f" Refers to {column.references}." if column.references else ""
        sheet.add_row(column.name, column.name_zh, column.type, mark, column.description + values + refers)
    OUT.print(sheet)


def print_failures(settings: Settings, result: dg.ExecuteInProcessResult) -> None:
    """Every blocking check that failed and every step that broke, with what to do."""
    for evaluation in result.get_asset_check_evaluations():
        if evaluation.passed or evaluation.severity is not dg.AssetCheckSeverity.ERROR:
            continue
        advice = evaluation.metadata.get("what_to_do")
        where = f"{evaluation.asset_key.to_user_string()} {evaluation.check_name}"
        _say_red(f"✗ {where}", f": {advice.value}" if advice else "")
    for event in result.all_events:
        reason = _reason(event) if event.is_step_failure else None
        if reason:
            _say_red(f"✗ {event.step_key}", f": {reason}")
            if any(sign in reason for sign in SIGNS_OF_A_FULL_DISK):
                _say_red(f"Make room on the disk of {settings.home} and run again.")


def _reason(event: dg.DagsterEvent) -> str | None:
    """Why a step broke; nothing if a blocking check stopped it, which has told its own reason."""
    failure = event.step_failure_data
    if failure.user_failure_data and failure.user_failure_data.description:
        return str(failure.user_failure_data.description)
    error = failure.error
    while error is not None and error.cause is not None:
        error = error.cause
    if error is None or "AssetCheckFailed" in (error.cls_name or ""):
        return None
    return error.message.strip()


def print_summary(settings: Settings, result: dg.ExecuteInProcessResult) -> None:
    """What was read and what became of it, what was published, where the seconds went."""
    judged = _judged_in(settings, result)
    if judged:
        _print_rows(judged)
        _print_refusals(judged)
        _print_columns_left_out(judged)
        _print_left_behind(Lake(settings.home / "lake"), judged)
    _print_silent_sources(settings)
    _print_seconds(result)
    published = publishing.latest(settings.home)
    if published is not None and published.run_id == result.run_id:
        OUT.print(f"\nPublished {len(published.tables)} tables as of {published.as_of}: {published.database}")
        OUT.print(f"Readers' link: {settings.home / 'published' / 'warehouse.duckdb'}")
    elif result.success and published is not None:
        OUT.print(f"\nNothing new was published: the publication as of {published.as_of} stands: {published.database}")
    elif not result.success:
        stands = f"the publication of run {published.run_id[:8]} stands" if published else "there is none yet"
        _say_red("\nNothing was published", f"; {stands}.")
    if result.success and published is not None:
        _print_headlines(published)


def _judged_in(settings: Settings, result: dg.ExecuteInProcessResult) -> list[JudgedLoad]:
    """The loads that this run judged, as its materialisations name them."""
    named: set[str] = set()
    for event in result.get_asset_materialization_events():
        loads = event.materialization.metadata.get("judged_loads")
        named |= set(str(loads.value).split()) if loads else set()
    return [load for load in Lake(settings.home / "lake").judged_loads() if load.load_id in named]


def _print_rows(judged: list[JudgedLoad]) -> None:
    sheet = _sheet("\nRows", "source", "table", "outcome", "#read", "#valid", "#refused", "#duplicate")
    names = ("rows_read", "rows_valid", "rows_quarantined", "rows_duplicate")
    for load in sorted(judged, key=lambda load: (load.source_system, load.table_name, load.load_id)):
        counts = [f"{load.verdict[name]:,}" for name in names]
        sheet.add_row(load.source_system, load.table_name, load.verdict["outcome"], *counts)
    sheet.add_row("all", "", "", *(f"{sum(load.verdict[name] for load in judged):,}" for name in names))
    OUT.print(sheet)


def _print_refusals(judged: list[JudgedLoad]) -> None:
    reasons: Counter[tuple[str, str, str]] = Counter()
    for load in judged:
        for rule in load.verdict["rules"]:
            if rule["failed_count"]:
                reasons[load.table_name, rule["rule"], rule["severity"]] += rule["failed_count"]
    if not reasons:
        return
    sheet = _sheet("\nRows by the demand they broke (a row may break several)", "table", "demand", "", "#rows")
    for (table, rule, severity), count in sorted(reasons.items()):
        sheet.add_row(table, rule, "refused" if severity == "critical" else "kept, warned", f"{count:,}")
    OUT.print(sheet)


def _print_columns_left_out(judged: Sequence[JudgedLoad]) -> None:
    """Columns that the feed does not know, and those that the configuration names and no file has."""
    for load in judged:
        where = f"{load.source_system}/{load.table_name}"
        unknown = load.verdict.get("unknown_columns")
        if unknown:
            OUT.print(f"{where}: no column of the feed is meant by {', '.join(unknown)}; kept in raw only")
        for name, of in (load.verdict.get("unfound_columns") or {}).items():
            OUT.print(f"{where}: there is no column '{of}', which the configuration names for {name}")


def _print_left_behind(lake: Lake, judged: Sequence[JudgedLoad]) -> None:
    """Files of refused loads that a newer load replaced without bringing them again."""
    for load in judged:
        if not load.is_accepted:
            continue
        brought = _files(lake, load)
        earlier = [of for of in lake.judged_loads(load.table_name) if of.source_system == load.source_system]
        refused = takewhile(
            lambda of: not of.is_accepted, reversed([of for of in earlier if of.load_id < load.load_id])
        )
        for of in refused:
            left = sorted(_files(lake, of) - brought)
            if left:
                where = f"{load.source_system}/{load.table_name}"
                _say_red(
                    f"{where}: a newer load replaces the refused {of.load_id}, of which nothing is used",
                    f"; mend {', '.join(left)} and run again, or the rows stay out",
                )


def _files(lake: Lake, load: JudgedLoad) -> set[str]:
    raw = lake.raw_load(load.load_id)
    return {item.name for item in raw.inputs} if raw else set()


def _print_silent_sources(settings: Settings) -> None:
    """Sources of which no file was ever taken for a feed table."""
    lake = Lake(settings.home / "lake")
    for source in settings.sources:
        if lake.has_raw_loads(source.name) or not source.path.is_dir():
            continue
        present = sorted(file.name for file in source.path.iterdir())[:NAMED_FILES]
        seen = f"it holds {', '.join(present)}" if present else "its folder is empty"
        _say_red(
            f"{source.name}: no file is named as a feed table ({seen})",
            "; `lifecycle feed` lists their names, or name files under `tables` in the configuration",
        )


def _print_seconds(result: dg.ExecuteInProcessResult) -> None:
    seconds: dict[str, float] = {}
    for event in result.all_events:
        if event.is_step_success or event.is_step_failure:
            step = (event.step_key or "").split("__")[0]
            layer = LAYERS.get(step.split("_")[0], step)
            duration = getattr(event.event_specific_data, "duration_ms", 0.0) or 0.0
            seconds[layer] = seconds.get(layer, 0.0) + duration / 1000
    parts = [f"{layer} {spent:.1f}" for layer, spent in seconds.items()]
    OUT.print(f"\nSeconds per layer: {', '.join(parts)}")


HEADLINES: Mapping[str, str] = {
    "Customers known": """
        select format('{:,}', count(*)) from marts.fct_lifecycle_stages where is_current""",
    "Buyers active at the as-of day": """
        select format('{:,}', max_by(active_end_count, period_start)) from marts.fct_churn_periods
        where segment_type = 'all' and period_grain = 'month' and churn_model = 'lapse' and basis = 'logo'
            and maturity <> 'future'""",
    "Monthly churn, last complete month": """
        select format('{:.2f} %', 100 * max_by(churn_ratio, period_start)) from marts.fct_churn_periods
        where segment_type = 'all' and period_grain = 'month' and churn_model = 'lapse' and basis = 'logo'
            and maturity = 'complete'""",
    "Net revenue to date": """
        select format('{:,.2f}', sum(historical_revenue_amount - historical_refund_amount)::double)
        from marts.fct_customer_value""",
    "NPS over all answers": """
        select format('{:.1f}', max(nps)) || ' (' || max(response_count) || ' answers)'
        from marts.fct_nps_periods
        where period_grain = 'all' and survey_id = 'all' and segment_type = 'all'""",
}


def _print_headlines(published: publishing.Publication) -> None:
    sheet = _sheet(f"\nHeadline figures as of {published.as_of}", "", "#")
    with duckdb.connect(str(published.database), read_only=True) as connection:
        for name, query in HEADLINES.items():
            try:
                row = connection.execute(query).fetchone()
            except duckdb.CatalogException:
                continue
            sheet.add_row(name, str(row[0]) if row and row[0] is not None else "none yet")
    OUT.print(sheet)


def print_status(settings: Settings) -> None:
    """What is published, what waits for a decision, and how fresh the sources are."""
    published = publishing.latest(settings.home)
    if published is None:
        OUT.print(f"Nothing is published under {settings.home} yet; `lifecycle run` builds and publishes.")
    else:
        OUT.print(f"Published as of {published.as_of} at {published.published_at:%Y-%m-%d %H:%M} UTC:")
        OUT.print(f"  {published.database}")
    lake = Lake(settings.home / "lake")
    waiting = pending_refusals(lake.judged_loads())
    chosen = f" --config {settings.configuration}" if settings.configuration else ""
    for load in waiting:
        _say_red("Refused", f" {load.source_system}/{load.table_name} {load.load_id}")
        OUT.print(f"  {load.verdict.get('reason')}")
        OUT.print(f"  Mend the source, or accept it as it is: lifecycle run{chosen} --accept-load {load.load_id}")
    sheet = _sheet("\nSources", "source", "table", "last read (UTC)", "")
    for (source, table), reading in lake.readings().items():
        sheet.add_row(source, table, str(reading.get("read_at"))[:16], reading.get("failure") or "ok")
    OUT.print(sheet)
