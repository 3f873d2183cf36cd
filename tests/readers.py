"""Readers of what is published, as BI tools are: processes that look again and again, and check what they see."""

import json
import selectors
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

KEPT = 3


@dataclass(frozen=True)
class Report:
    """What a reader saw: how often it looked, of which runs, and what was wrong."""

    looks: int
    runs: Sequence[str]
    faults: Sequence[str]


class Readers:
    """Readers at work; `reports` are there once `reading` has ended."""

    def __init__(self) -> None:
        self.reports: list[Report] = []


@contextmanager
def reading(home: Path, *, count: int, pause: float) -> Iterator[Readers]:
    """So many readers look at what is published, until the block ends."""
    readers = Readers()
    command = [sys.executable, __file__, str(home), str(pause)]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(count)
    ]
    try:
        for process in processes:
            assert process.stdout is not None
            process.stdout.readline()
        yield readers
    finally:
        # a reader ends when its standard input does
        answers = [process.communicate()[0] for process in processes]
    readers.reports.extend(Report(**json.loads(answer)) for answer in answers)


def look_at_database(home: Path) -> tuple[str, list[str]]:
    """The run that published the file, and the tables whose rows are not those of that run."""
    with duckdb.connect(str(home / "published" / "warehouse.duckdb"), read_only=True) as connection:
        query = "select run_id, schema_name, table_name, row_count from core.publish_info"
        told = connection.execute(query).fetchall()
        runs = {run for run, *_ in told}
        faults = [f"a file of the runs {sorted(runs)}"] if len(runs) != 1 else []
        for run, schema, table, row_count in told:
            row = connection.execute(f'select count(*) from {schema}."{table}"').fetchone()
            if row != (row_count,):
                faults.append(f"{schema}.{table} of run {run} has {row} instead of {row_count} rows")
    return "+".join(sorted(runs)), faults


def look_at_parquet(home: Path) -> list[str]:
    """The Parquet files that are not as the manifest beside them says.

    A publication may go once three newer ones are there, even while a slow reader looks at it; never before.
    """
    publication = (home / "published").resolve()
    try:
        return _parquet_faults(publication / "parquet")
    except (duckdb.Error, OSError):
        newer = [each for each in (home / "publications").glob("[0-9]*") if each.name > publication.name]
        if publication.exists() or len(newer) < KEPT:
            raise
        return []


def _parquet_faults(folder: Path) -> list[str]:
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    with duckdb.connect(str(folder.parent / "warehouse.duckdb"), read_only=True) as connection:
        runs = connection.execute("select distinct run_id from core.publish_info").fetchall()
        faults = [] if runs == [(manifest["run_id"],)] else [f"{runs} beside {manifest['run_id']}"]
        for table in manifest["tables"]:
            files = [str(folder / file) for file in table["files"]]
            row = connection.execute("select count(*) from read_parquet(?)", [files]).fetchone()
            if row != (table["rows"],):
                faults.append(f"{files} have {row} instead of {table['rows']} rows")
    return faults


def _main(home: Path, pause: float) -> None:
    looks, runs, faults = 0, [], []
    with selectors.DefaultSelector() as end:
        end.register(sys.stdin, selectors.EVENT_READ)
        is_last = False
        while not is_last:
            is_last = bool(looks and end.select(timeout=pause))
            try:
                run, found = look_at_database(home)
                faults += [*found, *look_at_parquet(home)]
                runs += [run] if run not in runs[-1:] else []
            except (duckdb.Error, OSError, ValueError) as error:
                faults.append(repr(error))
            looks += 1
            if looks == 1:
                sys.stdout.write("looking\n")
                sys.stdout.flush()
    sys.stdout.write(json.dumps({"looks": looks, "runs": runs, "faults": faults}))


if __name__ == "__main__":
    _main(Path(sys.argv[1]), float(sys.argv[2]))
