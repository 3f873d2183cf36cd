"""The publication: the last asset, reached only when nothing that blocks has failed."""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from orchestration import publishing
from orchestration.assets.warehouse import days_of, published_keys, repair_keys
from orchestration.console import progress
from orchestration.engine.choice import engine_of
from orchestration.engine.state import git_revision, last_built
from orchestration.resources import Writer
from orchestration.settings import Settings

PUBLISHED_KEY = dg.AssetKey(["published", "warehouse"])


def published_assets(settings: Settings, manifest: Mapping[str, Any]) -> Sequence[dg.AssetsDefinition]:
    """The one asset that readers depend on."""

    @dg.asset(
        key=PUBLISHED_KEY,
        deps=published_keys(manifest),
        group_name="published",
        kinds={"duckdb", "parquet"},
        owners=["team:data-engineering"],
        description=(
            "What BI tools read: warehouse.duckdb and the same tables as Parquet, switched in at once. "
            "Whoever has the former file open keeps it; a failed run changes nothing."
        ),
    )
    def publication(context: dg.AssetExecutionContext, writer: Writer) -> dg.MaterializeResult:
        built = last_built(settings.home)
        if built is None:
            raise dg.Failure("Nothing was built yet; run the job lifecycle_warehouse, which builds first.")
        progress().info(f"Publishing the warehouse as of {built.as_of}.")
        built_file = engine_of(settings).show(manifest)
        published = publishing.publish(
            built_file,
            settings.home,
            run_id=context.run.run_id,
            as_of=built.as_of,
            git=git_revision(),
            state=built.state,
            origin=built if built.is_comparable else None,
            days=days_of(manifest),
            repair=publishing.repair_of(
                settings.home, built_file, repair_keys(manifest), repaired_from=built.repaired_from
            ),
        )
        return dg.MaterializeResult(metadata=_metadata(published))

    return [publication]


def _metadata(published: publishing.Publication) -> Mapping[str, dg.MetadataValue]:
    lines = [f"| {table.schema} | {table.name} | {table.row_count:,} |" for table in published.tables]
    return {
        "as_of": dg.MetadataValue.text(published.as_of.isoformat()),
        "database": dg.MetadataValue.path(str(published.database)),
        "tables": dg.MetadataValue.md("\n".join(["| schema | table | rows |", "|---|---|---:|", *lines])),
        "table_count": dg.MetadataValue.int(len(published.tables)),
        "dagster/row_count": dg.MetadataValue.int(sum(table.row_count for table in published.tables)),
    }
