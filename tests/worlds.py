"""A small world for the tests: a folder of feed files, a configuration, and real runs over them."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

import duckdb

from orchestration.lake import JudgedLoad, Lake
from orchestration.run import RunRequest, run_warehouse
from orchestration.settings import load_settings

LIFECYCLE = Path(sys.executable).with_name("lifecycle")
SHOP = ({"name": "shop", "type": "files", "path": "./shop"},)


@dataclass(frozen=True)
class Ended:
    """How a command ended, and all that it said."""

    exit_code: int
    output: str


@dataclass(frozen=True)
class World:
    """A folder with `lifecycle.yml`, the folders of its sources, and the warehouse's home `var`."""

    folder: Path

    @property
    def home(self) -> Path:
        return self.folder / "var"

    @property
    def database(self) -> Path:
        return self.home / "published" / "warehouse.duckdb"

    @property
    def lake(self) -> Lake:
        return Lake(self.home / "lake")

    def write(self, name: str, content: str | bytes) -> Path:
        """Put a file into the world, as in `write("shop/orders.csv", ...)`; text may be indented."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(dedent(content).encode() if isinstance(content, str) else content)
        return path

    def configure(
        self,
        sources: Sequence[Mapping[str, Any]] = SHOP,
        *,
        parameters: Mapping[str, Any] | None = None,
        **warehouse: Any,
    ) -> None:
        """Write `lifecycle.yml`: one source `shop` in London's time and pounds, unless told otherwise."""
        defaults = {"reporting_timezone": "Europe/London", "reporting_currency": "GBP"}
        content = {
            "warehouse": {**defaults, **warehouse},
            "sources": [dict(source) for source in sources],
            "parameters": dict(parameters or {}),
        }
        self.write("lifecycle.yml", json.dumps(content, indent=2))

    def start(self, *arguments: str, within: Sequence[str] = (), **options: Any) -> subprocess.Popen[str]:
        """Start `lifecycle`, within another command if told; output and errors are one stream of lines."""
        hidden = ("LIFECYCLE_CONFIG", "DAGSTER_HOME")
        inherited = {name: value for name, value in os.environ.items() if name not in hidden}
        return subprocess.Popen(
            [*within, LIFECYCLE, *arguments],
            cwd=self.folder,
            env={**inherited, "PYTHONUNBUFFERED": "1", "COLUMNS": "200"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **options,
        )

    def command(self, *arguments: str, **options: Any) -> Ended:
        """Run `lifecycle` to its end, as in `command("check")`."""
        with self.start(*arguments, **options) as process:
            output, _ = process.communicate()
        return Ended(process.returncode, output)

    def run(self, *arguments: str, **options: Any) -> Ended:
        """`lifecycle run` to its end."""
        return self.command("run", *arguments, **options)

    def build(self, **request: Any) -> None:
        """A run that must end well, within this process: what it says is not asked, and imports are spared."""
        outcome = run_warehouse(load_settings(self.folder / "lifecycle.yml"), RunRequest(**request))
        assert outcome.exit_code == 0

    def published(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query over what is published, asked as a reader would."""
        with duckdb.connect(str(self.database), read_only=True) as connection:
            return connection.execute(query).fetchall()

    def judged(self, table: str, source: str = "shop") -> JudgedLoad:
        """The newest judged load of a table of a source."""
        return [load for load in self.lake.judged_loads(table) if load.source_system == source][-1]
