"""One pass of SQL over a conformed load, which parts the rows that go on from those that are refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from expectations.demands import PARSED, Suite
from orchestration.feed.declaration import Column, Table

# What a row that breaks nothing is refused for when its whole load is.
LOAD_REFUSED = "load_refused"

_MASK = "***"
_WRITTEN_BY_HAND = frozenset({"text", "name", "choice"})
_SAMPLED_ROWS = 10


@dataclass(frozen=True)
class Lineage:
    """Where a load comes from, and when it was loaded: an instant in UTC."""

    source_system: str
    load_id: str
    loaded_at: datetime

    @property
    def known_at(self) -> datetime:
        """The load's time as the lake keeps it: UTC, without saying so."""
        if self.loaded_at.tzinfo is None:
            return self.loaded_at
        return self.loaded_at.astimezone(UTC).replace(tzinfo=None)


def find_failures(connection: duckdb.DuckDBPyConnection, suite: Suite) -> Mapping[str, int]:
    """Make `failures`, each row that breaks a demand with the names of all that it breaks; and count them."""
    names = [f"case when {demand.breaks} then {_literal(demand.name)} end" for demand in suite.of_rows]
    critical = [_literal(demand.name) for demand in suite.of_rows if demand.severity == "critical"]
    breaks_any = " or ".join(f"({demand.breaks})" for demand in suite.of_rows)
    connection.execute(f"""
        create or replace temp table failures as
        select *, list_has_any(failed_rules, [{", ".join(critical)}]) as is_refused
        from (
            select
                _row_number,
                row_key,
                list_filter([{", ".join(names)}], lambda name: name is not null) as failed_rules
            from conformed
            where not _is_duplicate and ({breaks_any})
        )
    """)
    counts = connection.execute("""
        select rule, count(*) from (select unnest(failed_rules) as rule from failures) group by rule
    """)
    return dict(counts.fetchall())


def refuse_every_row(connection: duckdb.DuckDBPyConnection, rule: str) -> None:
    """Make `failures` of a load of which no row can be judged."""
    connection.execute(f"""
        create or replace temp table failures as
        select _row_number, row_key, [{_literal(rule)}] as failed_rules, true as is_refused
        from conformed
        where not _is_duplicate
    """)


def sample_failures(connection: duckdb.DuckDBPyConnection) -> Mapping[str, Sequence[str]]:
    """The first few rows that break each demand, by number and key."""
    samples = connection.execute(f"""
        select rule, arg_min('row ' || _row_number || ': ' || row_key, _row_number, {_SAMPLED_ROWS})
        from (select unnest(failed_rules) as rule, _row_number, {_masked("row_key")} as row_key from failures)
        group by rule
    """)
    return dict(samples.fetchall())


def write_valid(
    connection: duckdb.DuckDBPyConnection, table: Table, lineage: Lineage, path: Path, *, is_accepted: bool
) -> None:
    """Write the rows that go on: all that are not refused, or none of a refused load."""
    columns = ", ".join(table.column_names)
    _write(
        connection,
        f"""
        select
            {columns},
            {_literal(lineage.source_system)} as source_system,
            {_literal(lineage.load_id)} as load_id,
            timestamp '{lineage.known_at}' as known_at,
            _row_number as row_number,
            row_key,
            content_hash,
            standardised_columns
        from conformed
        where {is_accepted} and not _is_duplicate
            and _row_number not in (select _row_number from failures where is_refused)
        """,
        path,
    )


def write_quarantine(
    connection: duckdb.DuckDBPyConnection, table: Table, lineage: Lineage, path: Path, *, is_accepted: bool
) -> None:
    """Write the refused rows, all of a refused load, with every reason and personal data masked."""
    payload = ", ".join(f"{_literal(column.name)}: {_shown(column)}" for column in table.columns)
    with_its_load = f"list_append(coalesce(failed_rules, []), {_literal(LOAD_REFUSED)})"
    rules = f"case when is_refused then failed_rules else {with_its_load} end"
    _write(
        connection,
        f"""
        select
            {_literal(lineage.source_system)} as source_system,
            {_literal(table.name)} as table_name,
            {_literal(lineage.load_id)} as load_id,
            _row_number as row_number,
            conformed.row_key,
            array_to_string({rules}, ',') as failed_rules,
            to_json({{{payload}}})::varchar as payload,
            timestamp '{lineage.known_at}' as quarantined_at
        from conformed
        {"inner" if is_accepted else "left"} join failures using (_row_number)
        where not _is_duplicate and (is_refused or not {is_accepted})
        """,
        path,
    )


def _shown(column: Column) -> str:
    """A value as a stranger may see it: as the source wrote it if it could not be read."""
    text = f"{column.name}::varchar"
    if column.type in PARSED:
        text = f"coalesce({text}, {column.name}__text)"
    if column.is_personal:
        return f"case when {text} is not null then {_literal(_MASK)} end"
    return _without_numbers(_masked(text)) if column.type in _WRITTEN_BY_HAND else _masked(text)


def _masked(text: str) -> str:
    """A text without e-mail addresses: they stray into comments, and into columns that were shifted."""
    return rf"regexp_replace({text}, '[^\s@<>,;]+@[^\s@<>,;]+', {_literal(_MASK)}, 'g')"


def _without_numbers(text: str) -> str:
    """A text without telephone numbers, which nine or more digits with little between them may be."""
    return rf"regexp_replace({text}, '\+?\d([ ()./-]{{0,2}}\d){{8,}}', {_literal(_MASK)}, 'g')"


def _write(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    connection.execute(f"copy ({query}) to {_literal(str(path))} (format parquet, compression zstd)")


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
