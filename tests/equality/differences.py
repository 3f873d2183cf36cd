"""Where two builds of the same rows differ: what a table has in the one and not in the other."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

# Load stamps say when a row was learnt of, which is not the same when the same rows come in other loads.
STAMPS = frozenset({"load_id", "known_at", "row_number", "quarantined_at"})
# What the contract leaves out of proofs of equality: they tell of loads and runs.
OF_LOADS = frozenset(
    {
        "fct_predictions", "fct_value_models", "fct_restatements", "fct_row_balances", "fct_rule_results",
        "fct_source_freshness", "publish_info",
    }
)  # fmt: skip
PUBLISHED = ("core", "marts", "quality")
SHOWN_ROWS = 6
Row = tuple[Any, ...]


@dataclass(frozen=True)
class Difference:
    """A table of which the builds differ: rows that only the one has and that only the other has."""

    table: str
    columns: Sequence[str]
    only_left: Sequence[Row]
    only_right: Sequence[Row]

    def __str__(self) -> str:
        """The rows that differ: those that pair by their first columns with the values that differ, others whole."""
        lines = [f"{self.table}: {len(self.only_left)} rows only left, {len(self.only_right)} only right"]
        right = {row[0]: row for row in self.only_right}
        for row in self.only_left[:SHOWN_ROWS]:
            other = right.pop(row[0], None)
            lines.append(self._pair(row, other) if other else f"  only left  {self._told(row)}")
        lines += [f"  only right {self._told(row)}" for row in list(right.values())[:SHOWN_ROWS]]
        return "\n".join(lines)

    def _told(self, row: Row) -> str:
        return ", ".join(f"{name}={value}" for name, value in zip(self.columns, row, strict=True) if value is not None)

    def _pair(self, left: Row, right: Row) -> str:
        """The columns that differ, and those that say of whom."""
        told = [
            f"{name}: {one} | {other}" if one != other else f"{name}={one}"
            for name, one, other in zip(self.columns, left, right, strict=True)
            if one != other or name.endswith(("_id", "_key"))
        ]
        return "  " + ", ".join(told)


def tables_of(connection: duckdb.DuckDBPyConnection, database: str, schemas: Collection[str]) -> Sequence[str]:
    """The tables and views of a database, as schema.name."""
    query = (
        "select table_schema || '.' || table_name from information_schema.tables "
        "where table_catalog = ? and list_contains(?, table_schema) order by all"
    )
    return [name for (name,) in connection.execute(query, [database, list(schemas)]).fetchall()]


def difference(
    connection: duckdb.DuckDBPyConnection, table: str, left: str, right: str, *, without: Collection[str] = ()
) -> Difference | None:
    """How a table of one database differs from that of another, whatever the order of its rows."""
    described = connection.execute(f"describe {left}.{table}").fetchall()
    columns = [row[0] for row in described if row[0] not in without]
    listed = ", ".join(f'"{name}"' for name in columns)
    digest = f"select count(*), sum(cast(hash(row({listed})) as hugeint)) from {{}}.{table}"
    if connection.execute(digest.format(left)).fetchone() == connection.execute(digest.format(right)).fetchone():
        return None

    def only(one: str, other: str) -> Sequence[Row]:
        query = f"select {listed} from {one}.{table} except all select {listed} from {other}.{table} order by all"
        return connection.execute(query).fetchall()

    return Difference(table, columns, only(left, right), only(right, left))
