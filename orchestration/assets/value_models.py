"""The asset between two halves of the models: what was fitted to the cells of the first, for the second to score by."""

import base64
from collections.abc import Mapping
from typing import Any

import dagster as dg
import duckdb
from dagster_dbt import DagsterDbtTranslator

from orchestration.console import progress
from orchestration.engine.choice import Engine
from orchestration.engine.duckdb import connected
from orchestration.settings import Settings

VALUE_KEY = dg.AssetKey(["value", "models"])
# Of the tables that dbt reads, the one that stands for all in the graph; dbt's own name of it.
SOURCE = "source.lifecycle.value.models"
CELLS = ("int_value_segments", "int_value_cells", "int_spend_cells", "int_renewal_cells")


def value_spec(manifest: Mapping[str, Any], translator: DagsterDbtTranslator) -> dg.AssetSpec:
    """The fitted models as an asset of the graph, though dbt knows them as a source."""
    return translator.get_asset_spec(manifest, SOURCE, None).replace_attributes(
        key=VALUE_KEY,
        deps=[dg.AssetKey(["measures", name]) for name in CELLS],
        group_name="value",
        kinds={"python"},
        owners=["team:data-engineering"],
        description=(
            "How buyers order, drop out and spend: the models fitted to the cells of their histories, tried at two "
            "cut-offs, and fitted again only where cells or parameters changed."
        ),
    )


def revalue(settings: Settings, engine: Engine, manifest: Mapping[str, Any]) -> dg.MaterializeResult:
    """Fit the models to the cells that dbt has just built, unless nothing changed, and show them to dbt."""
    from orchestration import valuing

    try:
        with connected(engine.show(manifest), read_only=True) as connection:
            known = valuing.counted(connection)
    except duckdb.CatalogException as missing:
        cells = ", ".join(f"measures/{name}" for name in CELLS)
        raise dg.Failure(f"There is nothing to fit yet: select {cells} as well.", allow_retries=False) from missing
    former = valuing.kept(settings.home)
    found = valuing.valued(known, former)
    if former is None or not valuing.looks_back(known, former):
        valuing.keep(settings.home, found)
    if found.choice:
        progress().info(found.choice)
    if found.complaint:
        progress().warning(found.complaint)
    engine.tell_value(valuing.tables_of(found, known))
    return dg.MaterializeResult(asset_key=VALUE_KEY, metadata=_metadata(found))


def _picture(svg: str) -> dg.MetadataValue:
    return dg.MetadataValue.md(f"![](data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()})")


def _metadata(found: Any) -> Mapping[str, dg.MetadataValue]:
    lines = ["| model | segment | parameter | value | standard error |", "|---|---|---|---:|---:|"]
    for model in found.fitted:
        for name, value in model.parameters.items():
            error = model.standard_errors[name]
            cells = (model.family, model.segment_value, name, f"{value:.6g}", "" if error is None else f"{error:.2g}")
            lines.append(f"| {' | '.join(cells)} |")
    from orchestration.value import pictures

    return {
        "calibration": _picture(pictures.calibrated(found.calibration)),
        "distribution": _picture(pictures.distributed(found.calibration)),
        "parameters": dg.MetadataValue.md("\n".join(lines)),
        "used": dg.MetadataValue.text(", ".join(model.model_key for model in found.used) or "none"),
        "segments": dg.MetadataValue.text(found.choice or "none"),
        "complaint": dg.MetadataValue.text(found.complaint or "none"),
        "dagster/row_count": dg.MetadataValue.int(sum(len(model.parameters) for model in found.fitted)),
    }
