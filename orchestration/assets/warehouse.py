"""The dbt models and their tests, built in two invocations with the models of value fitted between them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings
from dagster_dbt.asset_utils import (
    build_dbt_specs,
    get_asset_check_key_for_test,
    get_subset_selection_for_context,
)

from orchestration import publishing
from orchestration.assets.value_models import VALUE_KEY, Results, revalue, value_check, value_spec
from orchestration.console import progress
from orchestration.engine import dbt
from orchestration.engine.choice import Engine, engine_of
from orchestration.engine.duckdb import connected, known_loads, later_loads
from orchestration.engine.former import Former
from orchestration.engine.spark_session import SparkFailed
from orchestration.engine.state import (
    Built,
    forget_built,
    is_redefined,
    is_replay,
    last_built,
    name_of,
    remember_built,
    to_build,
    why_rebuild,
)
from orchestration.lake import Lake
from orchestration.resources import RunOptions, Writer
from orchestration.settings import Settings

PREVIEW_ROWS = 5
TOLD_FAILURES = 10
LINES_OF_A_MESSAGE = 12
# In the words of DuckDB and of Spark.
SIGNS_OF_NOTHING_BUILT = ("Table with name", "TABLE_OR_VIEW_NOT_FOUND", "SCHEMA_NOT_FOUND")
ADVICE_TO_LOOK = "Nothing was published. See the failed check's rows by its compiled SQL under <home>/dbt/compiled."
ADVICE_TO_BUILD = (
    "Nothing was published. What was selected reads what was never built: run without --select once, or select all "
    "that it is made from by a + before it, as in '+group:marts'."
)
PUBLISHED_LAYERS = ("core", "marts", "quality")


def valid_key(table: str) -> dg.AssetKey:
    """The asset of a feed table's valid rows."""
    return dg.AssetKey(["valid", table])


class Translator(DagsterDbtTranslator):
    """How dbt's nodes read in the graph: keyed and grouped by layer."""

    def __init__(self) -> None:
        # Tests of sources as checks would let dbt start although a blocking check on valid rows failed.
        # The tables of `value` are one asset.
        super().__init__(
            DagsterDbtTranslatorSettings(enable_source_tests_as_checks=False, enable_duplicate_source_asset_keys=True)
        )

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """valid/<table> for what the feed brings, else <source>/<table> or <layer>/<model>."""
        name = dbt_resource_props["name"]
        if dbt_resource_props["resource_type"] == "source":
            source = dbt_resource_props["source_name"]
            keys = {"feed": valid_key(name), "value": VALUE_KEY}
            return keys.get(source, dg.AssetKey([source, name]))
        return dg.AssetKey([_layer(dbt_resource_props), name])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """One group per layer."""
        return _layer(dbt_resource_props)

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> Sequence[str]:
        """Marts belong to analysts, all that leads to them to engineers."""
        is_mart = _layer(dbt_resource_props) == "marts"
        return ["team:analytics"] if is_mart else ["team:data-engineering"]

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: Any) -> dg.AssetSpec:
        """The default, with freshness expected of marts."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        if spec.key.path[0] != "marts":
            return spec
        policy = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=49), warn_window=timedelta(hours=25))
        return spec.replace_attributes(freshness_policy=policy)


def _layer(properties: Mapping[str, Any]) -> str:
    return "seeds" if properties["resource_type"] == "seed" else str(properties["fqn"][1])


def read_manifest(target: str = "duckdb") -> Mapping[str, Any]:
    """dbt's manifest in the dialect of a target; parses the project if it changed."""
    manifest: dict[str, Any] = json.loads(dbt.manifest_path(target).read_text(encoding="utf-8"))
    return manifest


def repair_keys(manifest: Mapping[str, Any]) -> Mapping[str, Sequence[str]]:
    """The published models that a run repairs, and the key on which their rows are replaced."""
    models = _published_models(manifest)
    return {node["name"]: node["config"]["repair_key"] for node in models if node["config"].get("repair_key")}


def days_of(manifest: Mapping[str, Any]) -> Mapping[str, str]:
    """The published models whose rows are dated, and the column of their day."""
    models = _published_models(manifest)
    return {node["name"]: node["config"]["day"] for node in models if node["config"].get("day")}


def published_keys(manifest: Mapping[str, Any]) -> list[dg.AssetKey]:
    """The models that the publication waits for: those that readers see, and the steps that lie beside them."""
    models = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    return [Translator().get_asset_key(node) for node in models if _layer(node) in PUBLISHED_LAYERS]


def _published_models(manifest: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Those that readers see, by their schema."""
    models = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    return [node for node in models if node["schema"] in PUBLISHED_LAYERS]


def warehouse_assets(settings: Settings, manifest: Mapping[str, Any]) -> Sequence[dg.AssetsDefinition]:
    """Every model and seed as an asset, every data test as a check."""
    translator = Translator()
    specs, check_specs = _specs(manifest, translator)

    @dg.multi_asset(
        name="dbt",
        specs=specs,
        check_specs=check_specs,
        can_subset=True,
        allow_arbitrary_check_specs=True,
    )
    def dbt_models(context: dg.AssetExecutionContext, run: RunOptions, writer: Writer) -> Iterator[Any]:
        engine = engine_of(settings)
        prepared, former = _prepare(context, settings, engine, run, manifest)
        published = publishing.latest(settings.home)
        is_same = published is not None and published.state == prepared.state
        if is_same and not run.full_refresh and not context.is_subset:
            progress().info("Nothing is new since the last publication: models and publication are spared.")
            return
        progress().info(f"Building the models as of {prepared.as_of}.")
        forget_built(settings.home)
        engine.tell_freshness(Lake(settings.home / "lake"), prepared.as_of)
        select = _selection(context, manifest, translator) if context.is_subset else ()
        variables = _variables(settings, prepared, former)
        built, value = _build(settings, engine, manifest, variables, select=select)
        yield from _check_results(built, manifest, translator, context)
        if not built.succeeded:
            # The file may be past reading, as when the disk is full: say only what dbt said.
            raise dg.Failure(_what_failed(built, is_part=context.is_subset), allow_retries=False)
        warehouse, middle = engine.show(manifest), built.former_count
        yield from _materializations(warehouse, built.ended[:middle], manifest, translator)
        yield from (result for result in value if _is_selected(context, result))
        yield from _materializations(warehouse, built.ended[middle:], manifest, translator)
        # Part of the models says nothing of the rest: the next whole run must not be spared, nor repair it.
        partly = replace(prepared, state="partial", definition={}, is_comparable=False)
        remember_built(settings.home, partly if context.is_subset else prepared)

    return [dbt_models]


def _specs(
    manifest: Mapping[str, Any], translator: Translator
) -> tuple[Sequence[dg.AssetSpec], Sequence[dg.AssetCheckSpec]]:
    """What dbt builds, what it tests, and the models that are fitted in between."""
    specs, check_specs = build_dbt_specs(
        translator=translator,
        manifest=manifest,
        select="fqn:*",
        exclude="",
        selector="",
        io_manager_key=None,
        project=None,
    )
    return [*specs, value_spec(manifest, translator)], [*check_specs, value_check()]


def _prepare(
    context: dg.AssetExecutionContext,
    settings: Settings,
    engine: Engine,
    run: RunOptions,
    manifest: Mapping[str, Any],
) -> tuple[Built, Built | None]:
    """Tell the engine what dbt reads; what is to be built, and what was and can be repaired into it."""
    lake = Lake(settings.home / "lake")
    loads = known_loads(lake, settings, date.fromisoformat(run.known) if run.known else None)
    configured = {source.name for source in settings.sources}
    unreachable = [key for key, reading in lake.readings().items() if reading.get("failure") and key[0] in configured]
    as_of = engine.prepare(loads, run_id=context.run.run_id, asked=run.as_of)
    present = to_build(settings, loads, unreachable, run_id=context.run.run_id, as_of=as_of)
    is_whole = run.full_refresh or context.is_subset
    former = None if is_whole else _repairable(settings, present)
    known_before = set(former.loads) if former else None
    engine.tell_arrived(None if known_before is None else [of for of in loads if name_of(of) not in known_before])
    present = replace(present, is_comparable=not _looks_back(settings, lake, run, present))
    _tell_reference(engine, settings, manifest, present)
    return replace(present, repaired_from=former.state if former else None), former


def _looks_back(settings: Settings, lake: Lake, run: RunOptions, present: Built) -> bool:
    """Whether the run is a replay of what the reference stands for."""
    reference = publishing.reference(settings.home)
    if reference is None or reference.origin is None:
        return False
    later = later_loads(lake, settings, date.fromisoformat(run.known)) if run.known else ()
    unknown = {name_of(load) for load in later}
    is_day_asked = (run.as_of or settings.as_of) not in ("auto", "today")
    return is_replay(reference.origin, present, is_day_asked=is_day_asked, unknown=unknown)


def _tell_reference(engine: Engine, settings: Settings, manifest: Mapping[str, Any], present: Built) -> None:
    """Tell the publication that the figures are held against; a replay is held against none."""
    standing, reference = publishing.latest(settings.home), publishing.reference(settings.home)
    former = None
    if reference and reference.origin and present.is_comparable:
        redefined = is_redefined(reference.origin, present)
        former = Former(reference.directory, reference.published_at, reference.as_of, redefined)
    engine.tell_former(manifest, former, standing=standing.directory if standing else None)


def _build(
    settings: Settings,
    engine: Engine,
    manifest: Mapping[str, Any],
    variables: Mapping[str, Any],
    *,
    select: Sequence[str],
) -> tuple[dbt.Build, Results]:
    """All that no fit is needed for, the fit, and what is scored by it."""
    try:
        with engine.building() as place:
            build = partial(dbt.build, settings.home, {**variables, **place}, target=engine.target, on_end=_say)
            first = build(select=select, exclude=[dbt.OF_VALUE])
            scored = dbt.those_of_value(manifest, select)
            if not first.succeeded or not scored:
                return replace(first, former_count=len(first.ended)), ()
            value = revalue(settings, engine, manifest)
            return build(select=scored, former=first), value
    except SparkFailed as failure:
        raise dg.Failure(f"{failure}. Nothing was published.", allow_retries=False) from failure


def _repairable(settings: Settings, present: Built) -> Built | None:
    """The last build if it can be repaired into the present state; says why if it cannot."""
    former = last_built(settings.home)
    reason = why_rebuild(former, present) if former else None
    if reason:
        progress().info(f"Everything is rebuilt: {reason}.")
    return None if reason else former


def _variables(settings: Settings, present: Built, former: Built | None) -> Mapping[str, Any]:
    return {
        **settings.parameters,
        "as_of_date": present.as_of.isoformat(),
        "is_repair": former is not None,
        "former_as_of_date": (former or present).as_of.isoformat(),
        "reporting_timezone": settings.reporting_timezone,
        "reporting_currency": settings.reporting_currency,
    }


def _node(event: dbt.Event) -> Mapping[str, Any]:
    node: Mapping[str, Any] = event["data"]["node_info"]
    return node


def _is_bad(event: dbt.Event) -> bool:
    return _node(event)["node_status"] in ("error", "fail", "runtime error", "partial success")


def _selection(context: dg.AssetExecutionContext, manifest: Mapping[str, Any], translator: Translator) -> Sequence[str]:
    """The models that the run selected, as dbt names them."""
    arguments, _ = get_subset_selection_for_context(context, manifest, None, None, None, translator, None)
    return arguments[1:]


def _is_selected(context: dg.AssetExecutionContext, result: dg.MaterializeResult | dg.AssetCheckResult) -> bool:
    if isinstance(result, dg.AssetCheckResult):
        return (result.asset_key, result.check_name) in {tuple(key) for key in context.selected_asset_check_keys}
    return result.asset_key in context.selected_asset_keys


def _say(event: dbt.Event) -> None:
    node = _node(event)
    if _is_bad(event):
        progress().error(_message(event))
    elif node["resource_type"] in ("model", "seed") and node["node_status"] == "success":
        progress().info(f"Built {node['node_name']}")


def _message(event: dbt.Event) -> str:
    """What dbt said of a node, without the pages of Java's stack that Spark adds."""
    message = str(event["data"].get("run_result", {}).get("message", ""))
    return f"{_node(event)['node_name']}: " + "\n".join(message.splitlines()[:LINES_OF_A_MESSAGE])


def _what_failed(built: dbt.Build, *, is_part: bool) -> str:
    """The first failures in dbt's words, how many there are, and where to look."""
    failed = [_message(event) for event in built.ended if _is_bad(event)]
    more = [f"and {len(failed) - TOLD_FAILURES} more"] if len(failed) > TOLD_FAILURES else []
    is_unbuilt = is_part and any(sign in line for line in failed for sign in SIGNS_OF_NOTHING_BUILT)
    advice = ADVICE_TO_BUILD if is_unbuilt else ADVICE_TO_LOOK
    return "\n".join([f"{len(failed)} models or tests failed:", *failed[:TOLD_FAILURES], *more, advice])


def _materializations(
    warehouse: Path, ended: Sequence[dbt.Event], manifest: Mapping[str, Any], translator: Translator
) -> Iterator[dg.MaterializeResult]:
    with connected(warehouse, read_only=True) as connection:
        for event in ended:
            if _node(event)["resource_type"] in ("model", "seed"):
                yield _materialized(connection, manifest, translator, _node(event))


def _check_results(
    built: dbt.Build, manifest: Mapping[str, Any], translator: Translator, context: dg.AssetExecutionContext
) -> Iterator[dg.AssetCheckResult]:
    for event in built.ended:
        if _node(event)["resource_type"] == "test":
            yield from _check_result(manifest, translator, context, event)


def _check_result(
    manifest: Mapping[str, Any],
    translator: Translator,
    context: dg.AssetExecutionContext,
    event: dbt.Event,
) -> Iterator[dg.AssetCheckResult]:
    node = _node(event)
    key = get_asset_check_key_for_test(manifest, translator, node["unique_id"], project=None)
    if key is None or key not in context.selected_asset_check_keys or node["node_status"] == "skipped":
        return
    result = event["data"].get("run_result", {})
    is_warning = node["node_status"] == "warn"
    yield dg.AssetCheckResult(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=node["node_status"] == "pass",
        severity=dg.AssetCheckSeverity.WARN if is_warning else dg.AssetCheckSeverity.ERROR,
        metadata={"failed_rows": int(result.get("num_failures") or 0), "message": result.get("message", "")},
    )


def _materialized(
    connection: duckdb.DuckDBPyConnection,
    manifest: Mapping[str, Any],
    translator: Translator,
    node: Mapping[str, Any],
) -> dg.MaterializeResult:
    properties = manifest["nodes"][node["unique_id"]]
    metadata: dict[str, Any] = {}
    relation = f'{properties["schema"]}."{properties["name"]}"'
    if properties["config"]["materialized"] != "view":
        row = connection.execute(f"select count(*) from {relation}").fetchone()
        metadata["dagster/row_count"] = int(row[0]) if row else 0
    if properties["schema"] in ("marts", "quality"):
        metadata["preview"] = dg.MetadataValue.md(_preview(connection, relation))
    return dg.MaterializeResult(asset_key=translator.get_asset_key(properties), metadata=metadata)


def _preview(connection: duckdb.DuckDBPyConnection, relation: str) -> str:
    result = connection.execute(f"select * from {relation} limit {PREVIEW_ROWS}")
    names = [column[0] for column in result.description or []]
    rows = [[str(value) for value in row] for row in result.fetchall()]
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join("| " + " | ".join(value.replace("|", "\\|") for value in line) + " |" for line in lines)
