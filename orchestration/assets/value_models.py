"""The asset between two halves of the models: what was fitted to the cells of the first, for the second to score by."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg
import duckdb
from dagster_dbt import DagsterDbtTranslator
from dagster_dbt.asset_utils import DAGSTER_DBT_UNIQUE_ID_METADATA_KEY

from orchestration.console import progress
from orchestration.engine.choice import Engine
from orchestration.engine.duckdb import connected
from orchestration.engine.value_tables import CELLS
from orchestration.settings import Settings

VALUE_KEY = dg.AssetKey(["value", "models"])
# Of the tables that dbt reads, the one that stands for all in the graph; dbt's own name of it.
SOURCE = "source.lifecycle.value.models"
BETTER = "foretells_better_than_repetition"
REMEDY = (
    "Nobody is scored by this model: scores in use stay, or there are none. See in the pictures of the materialization "
    "where it failed: a level that is off throughout says that times changed after the cut-offs (a season, a campaign, "
    "a source that was added), and the next months will mend it; the wrong customers ranked first say that orders do "
    "not come at random, as in subscriptions that are sold as orders. A longer history helps in either case."
)
IN_USE = (
    "Scores are by a model that lost its trial: warehouse/value.json under the home was changed by something else. "
    "Remove that file and run again; the models are fitted anew."
)
Results = Sequence[dg.MaterializeResult | dg.AssetCheckResult]


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


def value_check() -> dg.AssetCheckSpec:
    """Whether the model that was tried may score anybody; dagster-dbt asks by what name dbt knows every check."""
    return dg.AssetCheckSpec(
        BETTER,
        asset=VALUE_KEY,
        description=(
            "At two cut-offs the model of buyers foretold what came better than who expects as many orders as in the "
            "days before. A model that did not is refused with a warning, and the one before it stays in use; were one "
            "in use all the same, nothing would be published."
        ),
        blocking=True,
        metadata={DAGSTER_DBT_UNIQUE_ID_METADATA_KEY: SOURCE},
    )


def revalue(settings: Settings, engine: Engine, manifest: Mapping[str, Any]) -> Results:
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
    return [dg.MaterializeResult(asset_key=VALUE_KEY, metadata=_metadata(found)), *trials(found)]


def trials(found: Any) -> Results:
    """How the trial of the models of buyers went; nothing where there was none.

    A beaten model that was refused is a warning, since what is published is right; one that scores is an error.
    """
    tried = [model for model in found.fitted if model.is_beaten is not None]
    is_scoring = any(model.is_beaten for model in found.used)
    if not tried and not is_scoring:
        return []
    is_beaten = is_scoring or any(model.is_beaten for model in tried)
    lines = ["| model | error | of the model | of repetition |", "|---|---|---:|---:|"]
    for model in tried:
        # A segment that has grown large since was tried at no cut-off.
        for name, error in (model.baseline or {}).items():
            figures = [("" if of is None else f"{of:.4g}") for of in (model.errors[name], error)]
            lines.append(f"| {model.model_key} | {name} | {' | '.join(figures)} |")
    metadata: dict[str, dg.MetadataValue] = {"errors": dg.MetadataValue.md("\n".join(lines))}
    if is_beaten:
        metadata["what_to_do"] = dg.MetadataValue.text(IN_USE if is_scoring else REMEDY)
    return [
        dg.AssetCheckResult(
            asset_key=VALUE_KEY,
            check_name=BETTER,
            passed=not is_beaten,
            severity=dg.AssetCheckSeverity.ERROR if is_scoring else dg.AssetCheckSeverity.WARN,
            metadata=metadata,
        )
    ]


def _picture(svg: str) -> dg.MetadataValue:
    return dg.MetadataValue.md(f"![](data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()})")


def _metadata(found: Any) -> Mapping[str, dg.MetadataValue]:
    lines = ["| model | parameter | value | standard error |", "|---|---|---:|---:|"]
    for model in (*found.fitted, *found.contracts, *found.risk):
        for name, value in model.parameters.items():
            error = model.standard_errors[name]
            lines.append(f"| {model.model_key} | {name} | {value:.6g} | {'' if error is None else f'{error:.2g}'} |")
    from orchestration.value import pictures

    of_risk = found.risk_model.model_key if found.risk_model else "the model of buyers"
    return {
        "calibration": _picture(pictures.calibrated(found.calibration)),
        "distribution": _picture(pictures.distributed(found.calibration)),
        "tracking": _picture(pictures.tracked(found.tracking)),
        "weekly_tracking": _picture(pictures.tracked_weekly(found.tracking)),
        "parameters": dg.MetadataValue.md("\n".join(lines)),
        "used": dg.MetadataValue.text(", ".join(model.model_key for model in found.used) or "none"),
        "used_for_risk": dg.MetadataValue.text(of_risk),
        "segments": dg.MetadataValue.text(found.choice or "none"),
        "complaint": dg.MetadataValue.text(found.complaint or "none"),
        "dagster/row_count": dg.MetadataValue.int(len(lines) - 2),
    }
