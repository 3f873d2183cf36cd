"""The statements of a build, learnt once from dbt and said again to any database.

dbt takes seconds to find the same hundreds of statements for every build, which depend on the days alone.
Saying them again makes a proof over many small worlds affordable; real runs are proved beside it.
"""

import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import duckdb

from orchestration import valuing
from orchestration.assets.warehouse import read_manifest
from orchestration.engine import dbt
from orchestration.engine.duckdb import connected, register, register_arrived, working_file
from orchestration.engine.former import register_former
from orchestration.engine.value_tables import register_value

# Days that stand in the learnt statements where those of a build belong; nothing else is of that year.
AS_OF, FORMER_AS_OF = date(2091, 3, 7), date(2091, 3, 3)
DOES_NOTHING = re.compile(r"\s*(?:/\*.*?\*/)?\s*(?:select|describe|comment on)\b", re.IGNORECASE | re.DOTALL)
# They hold a build against the publication before it, or carry its rows on, and there is none.
OF_PUBLICATIONS = frozenset({"int_restated_figures", "int_restatement_evidence", "fct_restatements", "fct_predictions"})
SCHEMAS = ("seeds", "staging", "intermediate", "core", "measures", "marts", "quality")


@dataclass(frozen=True)
class Statements:
    """What dbt says of each model, by its name and in an order that respects who reads whom."""

    full: Mapping[str, Sequence[str]]
    repair: Mapping[str, Sequence[str]]
    of_value: frozenset[str]
    seeds: Path

    def prepare(self, connection: duckdb.DuckDBPyConnection, database: str) -> None:
        """Make an empty database with the seeds and the schemas in it, and use it."""
        connection.execute(f"attach ':memory:' as {database}; use {database}")
        for schema in SCHEMAS:
            connection.execute(f"create schema {schema}")
        for path in sorted(self.seeds.glob("*.parquet")):
            connection.execute(f"create table seeds.{path.stem} as from '{path}'")

    def build(
        self, connection: duckdb.DuckDBPyConnection, database: str, *, as_of: date, former_as_of: date | None
    ) -> None:
        """Build every model, or repair it if there is a former build."""
        said = self.full if former_as_of is None else self.repair
        is_fitted = False
        for model, statements in said.items():
            if model in self.of_value and not is_fitted:
                known = valuing.counted(connection)
                register_value(connection, valuing.tables_of(valuing.valued(known, None), known))
                is_fitted = True
            for statement in statements:
                sql = statement.replace('"build".', f"{database}.").replace(AS_OF.isoformat(), as_of.isoformat())
                if former_as_of is not None:
                    sql = sql.replace(FORMER_AS_OF.isoformat(), former_as_of.isoformat())
                assert "2091" not in sql, f"{model} holds a day that was reckoned from the as-of day:\n{sql}"
                connection.execute(sql)


def learnt(folder: Path, parameters: Mapping[str, Any]) -> Statements:
    """Hear what dbt says when it builds over no rows at all, from nothing and then in repair."""
    home = folder / "learning"
    with connected(working_file(home)) as connection:
        register(connection, (), run_id="none", git="none")
        register_arrived(connection, ())
        register_former(connection, read_manifest(), None, standing=None)
    full, of_value = _heard(home, parameters, is_repair=False)
    repair, _ = _heard(home, parameters, is_repair=True)
    seeds = folder / "seeds"
    seeds.mkdir()
    names = "select table_name from duckdb_tables() where schema_name = 'seeds'"
    with connected(working_file(home), read_only=True) as connection:
        for (name,) in connection.execute(names).fetchall():
            connection.execute(f"copy seeds.{name} to '{seeds / name}.parquet'")
    shutil.rmtree(home)
    return Statements(full, repair, of_value, seeds)


def _heard(
    home: Path, parameters: Mapping[str, Any], *, is_repair: bool
) -> tuple[Mapping[str, Sequence[str]], frozenset[str]]:
    """What is said of every model, and the names of those that are said after the fit."""
    said: dict[str, list[str]] = {}

    def hear(event: Any) -> None:
        if event.info.name == "SQLQuery":
            kind, _, name = event.data.node_info.unique_id.rpartition(".")
            is_work = name not in OF_PUBLICATIONS and not DOES_NOTHING.match(event.data.sql)
            if kind.startswith("model") and is_work:
                said.setdefault(name, []).append(event.data.sql)

    variables = {
        **parameters,
        "warehouse_path": str(working_file(home)),
        "as_of_date": AS_OF.isoformat(),
        "is_repair": is_repair,
        "former_as_of_date": FORMER_AS_OF.isoformat(),
    }
    build = partial(dbt.build, home, variables, on_end=lambda _: None, without=("unit_test", "test"), listeners=[hear])
    built = build(exclude=[dbt.OF_VALUE])
    before = set(said)
    built = build(select=[dbt.OF_VALUE], former=built)
    assert built.succeeded, [event for event in built.ended if event["data"]["node_info"]["node_status"] == "error"]
    return said, frozenset(set(said) - before)
