"""Valid rows: every new load conformed to its feed table, judged, and parted into valid and refused."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import dagster as dg

from expectations.demands import Demand
from expectations.suites import SUITES
from orchestration.assets.raw import raw_key
from orchestration.assets.warehouse import valid_key
from orchestration.console import progress
from orchestration.engine.duckdb import pending_refusals
from orchestration.feed import TABLES, Table
from orchestration.lake import JudgedLoad, Lake, RawLoad
from orchestration.resources import RunOptions, Writer
from orchestration.settings import FilesSource, Settings
from orchestration.sources.files import streams

ACCEPTED = "every_load_is_accepted"
REPORTS_URL = "http://127.0.0.1:3001"
Results = Iterator[dg.MaterializeResult | dg.AssetCheckResult]


def judged_assets(settings: Settings) -> Sequence[dg.AssetsDefinition]:
    """One step, and in it one asset per feed table with every demand on it as a check.

    One step, because what a row refers to has to be judged before it, and because one refused table
    must not keep the others from being judged.
    """
    brought = {source.name: frozenset(streams(source)) for source in settings.sources}

    @dg.multi_asset(
        name="judge",
        specs=[_spec(table, brought) for table in TABLES.values()],
        check_specs=[check for table in TABLES.values() for check in _checks(table)],
        can_subset=True,
    )
    def judge(context: dg.AssetExecutionContext, run: RunOptions, writer: Writer) -> Results:
        lake = Lake(settings.home / "lake")
        for load_id in run.accept_loads:
            lake.release(load_id)
        for table in in_order_of_reference():
            if valid_key(table.name) in context.selected_asset_keys:
                yield from _judge_table(context, settings, lake, table)

    return [judge]


def in_order_of_reference() -> Sequence[Table]:
    """The feed tables so that each comes after those that its rows refer to."""
    ordered: dict[str, Table] = {}

    def add(table: Table) -> None:
        for column in table.columns:
            if column.references and column.references not in (table.name, *ordered):
                add(TABLES[column.references])
        ordered.setdefault(table.name, table)

    for table in TABLES.values():
        add(table)
    return tuple(ordered.values())


def _spec(table: Table, brought: Mapping[str, frozenset[str]]) -> dg.AssetSpec:
    return dg.AssetSpec(
        valid_key(table.name),
        group_name="valid",
        kinds={"parquet", "greatexpectations"},
        owners=["team:data-engineering"],
        deps=[raw_key(source, table.name) for source, tables in brought.items() if table.name in tables],
        description=(
            f"{table.name} ({table.name_zh}) of all sources: the rows that keep every demand. "
            f"{table.description} Refused rows are in the quarantine with all their reasons."
        ),
    )


def _checks(table: Table) -> Iterator[dg.AssetCheckSpec]:
    key = valid_key(table.name)
    for demand in SUITES[table.name].demands:
        yield dg.AssetCheckSpec(demand.name, asset=key, description=demand.description)
    description = "No load of the table is refused: not too many of its rows, and every file can be read."
    yield dg.AssetCheckSpec(ACCEPTED, asset=key, description=description, blocking=True)


def _judge_table(context: dg.AssetExecutionContext, settings: Settings, lake: Lake, table: Table) -> Results:
    # What judges is imported where something arrived only.
    from orchestration.judging import judge_load

    judged = []
    for source in settings.sources:
        for load in _waiting(lake, source, table):
            verdict = judge_load(settings, lake, table, load)
            judged.append(verdict)
            progress().info(_said(verdict))
    loads = lake.judged_loads(table.name)
    yield dg.MaterializeResult(
        asset_key=valid_key(table.name),
        metadata=_metadata(judged, loads),
        data_version=dg.DataVersion(loads[-1].load_id if loads else "empty"),
    )
    if judged:
        yield from _demand_results(context, table, judged)
    yield _acceptance(table, [load for load in pending_refusals(loads) if _is_configured(settings, load)])


def _is_configured(settings: Settings, load: JudgedLoad) -> bool:
    return load.source_system in {source.name for source in settings.sources}


def _waiting(lake: Lake, source: FilesSource, table: Table) -> list[RawLoad]:
    """Loads without a verdict, and refused ones that somebody has released since."""
    verdicts = {load.load_id: load for load in lake.judged_loads(table.name)}
    released = lake.released()

    def waits(load: RawLoad) -> bool:
        verdict = verdicts.get(load.load_id)
        return verdict is None or (load.load_id in released and not verdict.is_accepted)

    return [load for load in lake.raw_loads(source.name, table.name) if waits(load)]


def _said(load: JudgedLoad) -> str:
    verdict = load.verdict
    counts = f"{verdict['rows_valid']:,} valid, {verdict['rows_quarantined']:,} refused"
    duplicates = f", {verdict['rows_duplicate']:,} duplicate" if verdict["rows_duplicate"] else ""
    return f"Judged {load.source_system}/{load.table_name}: {verdict['outcome']}, {counts}{duplicates}"


def _metadata(judged: Sequence[JudgedLoad], loads: Sequence[JudgedLoad]) -> Mapping[str, dg.MetadataValue]:
    accepted = [load for load in loads if load.is_accepted]
    metadata = {
        "dagster/row_count": dg.MetadataValue.int(sum(load.verdict["rows_valid"] for load in accepted)),
        "judged_loads": dg.MetadataValue.text(" ".join(load.load_id for load in judged)),
        "new_valid_rows": dg.MetadataValue.int(sum(load.verdict["rows_valid"] for load in judged)),
        "new_refused_rows": dg.MetadataValue.int(sum(load.verdict["rows_quarantined"] for load in judged)),
        "new_duplicate_rows": dg.MetadataValue.int(sum(load.verdict["rows_duplicate"] for load in judged)),
    }
    reasons = [
        f"| {load.source_system} | {rule['rule']} | {rule['severity']} | {rule['failed_count']:,} |"
        for load in judged
        for rule in load.verdict["rules"]
        if rule["failed_count"]
    ]
    if reasons:
        head = ["| source | demand | severity | rows |", "|---|---|---|---:|"]
        metadata["refused_by_reason"] = dg.MetadataValue.md("\n".join([*head, *reasons]))
    for load in judged:
        page = report_page(load)
        metadata[f"report_{load.source_system}"] = dg.MetadataValue.url(f"{REPORTS_URL}/{page}")
    return metadata


def report_page(load: JudgedLoad | RawLoad) -> Path:
    """Where the report of a load's judgement lies, below the folder of reports."""
    return Path(load.table_name, load.source_system, load.load_id, "index.html")


def _demand_results(
    context: dg.AssetExecutionContext, table: Table, judged: Sequence[JudgedLoad]
) -> Iterator[dg.AssetCheckResult]:
    """One result per demand over the loads that this run judged."""
    by_rule: dict[str, list[Mapping[str, int]]] = {}
    for load in judged:
        for rule in load.verdict["rules"]:
            by_rule.setdefault(rule["rule"], []).append(rule)
    for demand in SUITES[table.name].demands:
        key = dg.AssetCheckKey(valid_key(table.name), demand.name)
        if demand.name in by_rule and key in context.selected_asset_check_keys:
            yield _demand_result(table, demand, by_rule[demand.name])


def _demand_result(table: Table, demand: Demand, rules: Sequence[Mapping[str, int]]) -> dg.AssetCheckResult:
    failed = sum(rule["failed_count"] for rule in rules)
    return dg.AssetCheckResult(
        asset_key=valid_key(table.name),
        check_name=demand.name,
        passed=failed == 0,
        # Refused rows are aside and the survivors are right: only a refused load is an error.
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "checked_rows": sum(rule["checked_count"] for rule in rules),
            "failed_rows": failed,
            "consequence": "the row is refused" if demand.severity == "critical" else "the row is kept",
        },
    )


def _acceptance(table: Table, refused: Sequence[JudgedLoad]) -> dg.AssetCheckResult:
    """The check that stops what follows; a refused load fails it until it is replaced or accepted."""
    reasons = [f"{load.source_system} {load.load_id}: {load.verdict.get('reason')}" for load in refused]
    return dg.AssetCheckResult(
        asset_key=valid_key(table.name),
        check_name=ACCEPTED,
        passed=not refused,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={"what_to_do": "\n".join(reasons)} if reasons else {},
    )
