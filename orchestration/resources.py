"""What a run is given by Dagster: its options, and the right to be the only writer."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from orchestration.console import progress
from orchestration.lake import Lake
from orchestration.lake.durable import sweep
from orchestration.lake.lock import writing


class RunOptions(dg.ConfigurableResource):
    """What may differ from run to run; the defaults are those of a daily run."""

    as_of: str | None = None
    known: str | None = None
    full_refresh: bool = False
    accept_loads: list[str] = []


class Writer(dg.ConfigurableResource):
    """The one right to write under the warehouse's home, held from a run's first step to its last."""

    home: str

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["Writer"]:
        """Wait for the run before, end what it left undone, and let this run write."""
        run_id = context.run_id or "unknown"
        home = Path(self.home)
        with writing(home, run_id, say=progress().warning) as previous:
            _close_the_books(context.instance, previous, run_id)
            swept = Lake(home / "lake").sweep() + sweep(home / "publications")
            if swept:
                progress().info(f"Removed {swept} unfinished files that an interrupted run had left aside.")
            yield self


def _close_the_books(instance: dg.DagsterInstance | None, previous: str | None, current: str) -> None:
    """Say of the run that held the lock before that it died, if it never said how it ended."""
    if instance is None or previous is None or previous == current:
        return
    run = instance.get_run_by_id(previous)
    if run is not None and not run.is_finished:
        instance.report_run_failed(run, "The process of this run died. Nothing it had left undone was published.")
