"""The table of contents: every asset, check, job, schedule and sensor of the warehouse."""

import dagster as dg

from orchestration.assets.demo import demo_assets
from orchestration.assets.judged import judged_assets
from orchestration.assets.published import published_assets
from orchestration.assets.raw import raw_assets
from orchestration.assets.warehouse import read_manifest, warehouse_assets
from orchestration.automation import WHOLE_WAREHOUSE, schedules, sensors
from orchestration.engine.choice import engine_of
from orchestration.resources import RunOptions, Writer
from orchestration.settings import Settings, configured_path, load_settings


def build_definitions(settings: Settings) -> dg.Definitions:
    """Everything that Dagster shows and runs, for one configuration."""
    manifest = read_manifest(engine_of(settings).target)
    return dg.Definitions(
        assets=[
            *demo_assets(settings),
            *raw_assets(settings),
            *judged_assets(settings),
            *warehouse_assets(settings, manifest),
            *published_assets(settings, manifest),
        ],
        jobs=[WHOLE_WAREHOUSE],
        schedules=schedules(settings),
        sensors=sensors(settings),
        resources={"run": RunOptions(), "writer": Writer(home=str(settings.home))},
        executor=dg.in_process_executor,
    )


@dg.definitions
def warehouse() -> dg.Definitions:
    """The definitions of the configuration that the environment or the working directory names."""
    return build_definitions(load_settings(configured_path()))
