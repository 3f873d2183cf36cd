"""When things run by themselves: the job, its daily schedule and the sensors on drop folders."""

from collections.abc import Sequence
from pathlib import Path

import dagster as dg

from orchestration.settings import FilesSource, Settings

WHOLE_WAREHOUSE = dg.define_asset_job(
    "lifecycle_warehouse",
    selection=dg.AssetSelection.all(),
    description="Read every source, judge what is new, build the models, publish.",
    executor_def=dg.in_process_executor,
)
SECONDS_BETWEEN_LOOKS = 60


def schedules(settings: Settings) -> Sequence[dg.ScheduleDefinition]:
    """Once a day, before offices open in the reporting time zone; switched on in the UI."""
    return [
        dg.ScheduleDefinition(
            name="every_day_at_five",
            job=WHOLE_WAREHOUSE,
            cron_schedule="0 5 * * *",
            execution_timezone=settings.reporting_timezone,
            description="The whole warehouse, every day at 05:00 in the reporting time zone.",
        )
    ]


def sensors(settings: Settings) -> Sequence[dg.SensorDefinition]:
    """One per folder that files are dropped in; switched on in the UI."""
    return [_drop_folder_sensor(source) for source in settings.sources if source.demo is None]


def _drop_folder_sensor(source: FilesSource) -> dg.SensorDefinition:
    @dg.sensor(
        name=f"files_dropped_in_{source.name}",
        job=WHOLE_WAREHOUSE,
        minimum_interval_seconds=SECONDS_BETWEEN_LOOKS,
        description=f"Runs the warehouse when a file of the source {source.name} appears or changes.",
    )
    def files_dropped(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        seen = folder_state(source.path)
        if seen is None:
            return dg.SkipReason(f"The folder of the source {source.name} cannot be read: {source.path}")
        if seen == context.cursor:
            return dg.SkipReason("No file has changed.")
        context.update_cursor(seen)
        return dg.RunRequest(run_key=f"{source.name}:{seen}")

    return files_dropped


def folder_state(folder: Path) -> str | None:
    """The newest change of any file in a folder and their number and size; None if it cannot be read."""
    try:
        stats = [path.stat() for path in folder.rglob("*") if path.is_file()]
    except OSError:
        return None
    if not folder.is_dir():
        return None
    newest = max((stat.st_mtime_ns for stat in stats), default=0)
    return f"{newest}-{len(stats)}-{sum(stat.st_size for stat in stats)}"
