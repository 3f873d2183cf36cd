"""Rows cut into loads, as they lie in the lake once they are judged; none of them is refused."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

import duckdb
import pyarrow as pa
from histories import Row

from orchestration.feed import TABLES, Table
from orchestration.lake import JudgedLoad


@dataclass(frozen=True)
class Cut:
    """How rows are cut into loads, each loaded on the evening of the day that its run looks back from."""

    days: Sequence[date]
    chance: int
    late_share: float
    repeated_share: float

    def of(self, rows: Sequence[Row]) -> Sequence[Sequence[Row]]:
        """The rows of each load: those written by its day, but some come with any, and some come again later."""
        draw = Random(self.chance)
        loads: list[list[Row]] = [[] for _ in self.days]
        last = len(self.days) - 1
        for row in rows:
            in_time = next((number for number, day in enumerate(self.days) if row.written_on <= day), last)
            number = draw.randrange(last + 1) if draw.random() < self.late_share else in_time
            loads[number].append(row)
            if draw.random() < self.repeated_share:
                loads[draw.randint(number, last)].append(row)
        return loads


def delivered(folder: Path, loads: Sequence[Sequence[Row]], days: Sequence[date]) -> Sequence[Sequence[JudgedLoad]]:
    """The loads of each day, one per source and table, written to a folder."""
    with duckdb.connect() as connection:
        return [
            [
                _load(connection, folder, TABLES[table], source, rows, day, number)
                for (table, source), rows in _by_table(load).items()
            ]
            for number, (load, day) in enumerate(zip(loads, days, strict=True))
        ]


def _by_table(rows: Sequence[Row]) -> Mapping[tuple[str, str], Sequence[Row]]:
    found: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        found.setdefault((row.table, row.source), []).append(row)
    return found


def _load(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    table: Table,
    source: str,
    rows: Sequence[Row],
    day: date,
    number: int,
) -> JudgedLoad:
    loaded_at = datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=10, seconds=number)
    load_id = f"{loaded_at:%Y%m%dT%H%M%S}000000Z_{number:08d}"
    path = folder / f"{table.name}-{source}-{load_id}.parquet"
    _write(connection, path, table, [row.values for row in rows], source=source, load_id=load_id, at=loaded_at)
    counts = {"rows_read": len(rows), "rows_valid": len(rows), "rows_quarantined": 0, "rows_duplicate": 0}
    return JudgedLoad(
        load_id=load_id,
        source_system=source,
        table_name=table.name,
        loaded_at=loaded_at,
        is_accepted=True,
        is_released=False,
        verdict={"outcome": "clean", "rules": [], **counts},
        valid_path=path,
        quarantine_path=path,
    )


def _write(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    table: Table,
    rows: Sequence[Mapping[str, object]],
    *,
    source: str,
    load_id: str,
    at: datetime,
) -> None:
    texts = [[None if row.get(name) is None else str(row[name]) for name in table.column_names] for row in rows]
    keys = [table.column_names.index(name) for name in table.key]
    columns = {name: [row[index] for row in texts] for index, name in enumerate(table.column_names)}
    columns["row_key"] = ["|".join(row[index] or "" for index in keys) for row in texts]
    columns["content_hash"] = [hashlib.md5(json.dumps(row).encode()).hexdigest() for row in texts]
    arrow = pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
    typed = ", ".join(f"cast({column.name} as {column.sql_type}) as {column.name}" for column in table.columns)
    connection.register("texts", arrow)
    connection.execute(
        f"copy (select {typed}, '{source}' as source_system, '{load_id}' as load_id, "
        f"timestamp '{at:%Y-%m-%d %H:%M:%S}' as known_at, row_number() over () as row_number, row_key, content_hash, "
        f"cast(null as varchar) as standardised_columns from texts) to '{path}'"
    )
    connection.unregister("texts")
