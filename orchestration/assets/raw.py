"""Raw streams: each table of each source, read into the lake as it came."""

from collections.abc import Iterator, Sequence

import dagster as dg

from orchestration.assets.demo import demo_key
from orchestration.console import progress
from orchestration.feed import TABLES, Table
from orchestration.lake import Lake
from orchestration.resources import Writer
from orchestration.settings import FilesSource, Settings
from orchestration.sources.files import Extraction, SourceUnavailable, extract, streams

ATTEMPTS = 3
SECONDS_BETWEEN_ATTEMPTS = 5


def raw_key(source: str, table: str) -> dg.AssetKey:
    """The asset of one table of one source."""
    return dg.AssetKey(["raw", source, table])


def raw_assets(settings: Settings) -> Sequence[dg.AssetsDefinition]:
    """One step per source, and in it one asset per table that the source may bring."""
    return [_source_assets(settings, source) for source in settings.sources]


def _spec(source: FilesSource, table: Table) -> dg.AssetSpec:
    return dg.AssetSpec(
        raw_key(source.name, table.name),
        group_name="raw",
        kinds={"parquet"},
        owners=["team:data-engineering"],
        deps=[demo_key(source.demo)] if source.demo else [],
        description=f"{table.name} ({table.name_zh}) of {source.name}, as it came. {table.description}",
        metadata={"source": source.name, "folder": source.conceal(str(source.path))},
    )


def _check(source: FilesSource, table: Table) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(
        "source_was_read",
        asset=raw_key(source.name, table.name),
        description="The source could be reached and its files could be read.",
    )


def _source_assets(settings: Settings, source: FilesSource) -> dg.AssetsDefinition:
    tables = [TABLES[name] for name in streams(source)]

    @dg.multi_asset(
        name=f"extract_{source.name}",
        specs=[_spec(source, table) for table in tables],
        check_specs=[_check(source, table) for table in tables],
        can_subset=True,
    )
    def extract_source(
        context: dg.AssetExecutionContext, writer: Writer
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        lake = Lake(settings.home / "lake")
        for table in tables:
            key = raw_key(source.name, table.name)
            if key not in context.selected_asset_keys:
                continue
            try:
                extraction = extract(source, table, lake)
            except SourceUnavailable as failure:
                if context.retry_number < ATTEMPTS - 1:
                    raise dg.RetryRequested(ATTEMPTS - 1, SECONDS_BETWEEN_ATTEMPTS) from failure
                yield from _not_reached(context, lake, source, table, failure)
            else:
                yield from _was_read(context, lake, source, table, extraction)

    return extract_source


def _not_reached(
    context: dg.AssetExecutionContext, lake: Lake, source: FilesSource, table: Table, failure: Exception
) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    """Go on with what the source brought before; its freshness will say that it is stale."""
    lake.note_reading(source.name, table.name, failure=str(failure))
    progress().warning(f"{source.name}: {failure}")
    key = raw_key(source.name, table.name)
    yield dg.MaterializeResult(asset_key=key, metadata={"new_rows": 0, "failure": str(failure)})
    yield dg.AssetCheckResult(
        asset_key=key,
        check_name="source_was_read",
        passed=False,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={"what_to_do": str(failure)},
    )


def _was_read(
    context: dg.AssetExecutionContext, lake: Lake, source: FilesSource, table: Table, extraction: Extraction
) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    lake.note_reading(source.name, table.name, failure=None)
    key = raw_key(source.name, table.name)
    load = extraction.load
    reason = load.reason if load else None
    metadata: dict[str, dg.MetadataValue] = {"new_rows": dg.MetadataValue.int(load.row_count if load else 0)}
    if load:
        progress().info(f"Read {source.name}/{table.name}: {reason or f'{load.row_count:,} rows'}")
        metadata["load"] = dg.MetadataValue.text(load.load_id)
        metadata["files"] = dg.MetadataValue.text(", ".join(item.name for item in load.inputs))
        metadata["bytes"] = dg.MetadataValue.int(load.byte_count)
        metadata["folder"] = dg.MetadataValue.path(str(load.directory))
    yield dg.MaterializeResult(asset_key=key, metadata=metadata)
    yield dg.AssetCheckResult(
        asset_key=key,
        check_name="source_was_read",
        passed=reason is None,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={"what_to_do": reason} if reason else {},
    )
