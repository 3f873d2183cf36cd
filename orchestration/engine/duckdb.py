"""DuckDB as the engine: the working file, and the lake's rows registered in it for dbt to read."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa

from orchestration.engine.memory import memory_limit
from orchestration.engine.value_tables import register_value
from orchestration.feed import TABLES, Table
from orchestration.lake import JudgedLoad, Lake
from orchestration.settings import Settings

LINEAGE = {
    "source_system": "varchar",
    "load_id": "varchar",
    "known_at": "timestamp",
    "row_number": "bigint",
    "row_key": "varchar",
    "content_hash": "varchar",
    "standardised_columns": "varchar",
}
# What an event is dated by, and what becomes of it later, to find out how far the accepted rows of a table reach.
EVENT_TIMES = (
    "ordered_at refunded_at occurred_at opened_at responded_at touched_at recorded_at requested_at "
    "started_at created_at spend_date rate_date updated_at sent_at"
).split()
CHANGE_TIMES = (
    "paid_at first_response_at resolved_at first_contacted_at qualified_at converted_at quoted_at contract_signed_at "
    "closed_at consent_updated_at terminated_at cancelled_at payment_failed_at deleted_at"
).split()
# These may be told of before they come: a plan for after the as-of date does not say that its source goes on.
MAY_BE_PLANNED = ("started_at", "rate_date", "cancelled_at", "terminated_at")
NO_EXTENSIONS = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}

LAKE_TABLES = {
    "loads": {
        "load_id": "varchar",
        "source_system": "varchar",
        "table_name": "varchar",
        "loaded_at": "timestamp",
        "outcome": "varchar",
        "is_accepted": "boolean",
        "is_released": "boolean",
        "is_current_refusal": "boolean",
        "reason": "varchar",
        "rows_read": "bigint",
        "rows_valid": "bigint",
        "rows_quarantined": "bigint",
        "rows_duplicate": "bigint",
    },
    "rule_results": {
        "load_id": "varchar",
        "source_system": "varchar",
        "table_name": "varchar",
        "rule": "varchar",
        "severity": "varchar",
        "checked_count": "bigint",
        "failed_count": "bigint",
        "status": "varchar",
    },
    "freshness": {
        "source_system": "varchar",
        "table_name": "varchar",
        "loaded_at": "timestamp",
        "complete_through": "timestamp",
        "is_reachable": "boolean",
    },
    "run": {"run_id": "varchar", "started_at": "timestamp", "git_revision": "varchar"},
}
QUARANTINE = {
    "load_id": "varchar",
    "source_system": "varchar",
    "table_name": "varchar",
    "row_number": "bigint",
    "row_key": "varchar",
    "failed_rules": "varchar",
    "payload": "varchar",
    "quarantined_at": "timestamp",
}


def working_file(home: Path) -> Path:
    """The file that dbt builds in; nobody else opens it."""
    return home / "warehouse" / "build.duckdb"


@contextmanager
def connected(path: Path, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that is closed in the end and loads no extension by itself."""
    path.parent.mkdir(parents=True, exist_ok=True)
    config: dict[str, Any] = {
        **NO_EXTENSIONS,
        "storage_compatibility_version": "v1.5.0",
        "memory_limit": memory_limit(),
        "preserve_insertion_order": "false",
    }
    connection = duckdb.connect(str(path), read_only=read_only, config=config)
    try:
        connection.execute("set TimeZone = 'UTC'")
        yield connection
    finally:
        connection.close()


def known_loads(lake: Lake, settings: Settings, known: date | None) -> tuple[JudgedLoad, ...]:
    """The judged loads of the configured sources, as known at the end of a local day if one is given."""
    configured = {source.name for source in settings.sources}
    loads = tuple(load for load in lake.judged_loads() if load.source_system in configured)
    if known is not None:
        end = _end_of(known, settings)
        loads = tuple(load for load in loads if _naive(load.loaded_at) < end)
    superseded = _superseded(lake, loads)
    return tuple(load for load in loads if load.load_id not in superseded)


def later_loads(lake: Lake, settings: Settings, known: date) -> tuple[JudgedLoad, ...]:
    """The judged loads that came after the end of a local day, whatever their source."""
    end = _end_of(known, settings)
    return tuple(load for load in lake.judged_loads() if _naive(load.loaded_at) >= end)


def _superseded(lake: Lake, loads: Sequence[JudgedLoad]) -> Collection[str]:
    """The loads of which every file was read again in another way since, as in another time zone.

    Their rows would stand against the same rows as they are understood now.
    """
    accepted: dict[tuple[str, str], set[str]] = {}
    for load in loads:
        if load.is_accepted:
            accepted.setdefault((load.source_system, load.table_name), set()).add(load.load_id)
    found: set[str] = set()
    for (source, table), ids in accepted.items():
        read = [load for load in lake.raw_loads(source, table) if load.load_id in ids]
        names = {item.name for load in read if load.options == read[-1].options for item in load.inputs}
        found |= {
            load.load_id
            for load in read
            if load.options != read[-1].options and names.issuperset(item.name for item in load.inputs)
        }
    return found


def register(connection: duckdb.DuckDBPyConnection, loads: Sequence[JudgedLoad], *, run_id: str, git: str) -> None:
    """Make the lake's rows readable as the schemas `feed` and `lake`; what is to be fitted is empty yet."""
    connection.execute("create schema if not exists lake")
    register_value(connection, {})
    _register_feed(connection, "feed", loads)
    _register_quarantine(connection, loads)
    _fill(connection, "loads", _load_rows(loads))
    _fill(connection, "rule_results", _rule_rows(loads))
    _fill(connection, "freshness", ())
    _fill(connection, "run", [(run_id, datetime.now(UTC).replace(tzinfo=None), git)])


def register_freshness(connection: duckdb.DuckDBPyConnection, lake: Lake, settings: Settings, as_of: date) -> None:
    """Say how far the rows of each configured source and table reach, plans for after the as-of date aside."""
    reached = _reached(connection, _end_of(as_of, settings))
    configured = {source.name for source in settings.sources}
    rows = []
    for (source, table_name), reading in lake.readings().items():
        if source in configured:
            read_at = reading.get("read_at")
            loaded_at = _naive(datetime.fromisoformat(read_at)) if read_at else None
            through = reached.get((source, table_name))
            rows.append((source, table_name, loaded_at, through, reading.get("failure") is None))
    _fill(connection, "freshness", rows)


def _reached(connection: duckdb.DuckDBPyConnection, end: datetime) -> Mapping[tuple[str, str], datetime]:
    """The newest event or change in each table of a source, but for plans from `end` on."""
    found = {}
    for table in TABLES.values():
        names = [name for name in (*EVENT_TIMES, *CHANGE_TIMES) if name in table.column_names]
        if names:
            times = [f"case when {name} < $end then {name} end" if name in MAY_BE_PLANNED else name for name in names]
            newest = ", ".join(f"cast(max({of}) as timestamp)" for of in times)
            query = f"select source_system, greatest({newest}) from feed.{table.name} group by source_system"
            given = {"end": end} if "$end" in query else {}
            found.update({(source, table.name): at for source, at in connection.execute(query, given).fetchall()})
    return found


def files_sql(files: Iterable[Path]) -> str:
    """The rows of Parquet files, as a relation."""
    quoted = ", ".join("'" + str(file).replace("'", "''") + "'" for file in files)
    return f"read_parquet([{quoted}], hive_partitioning = false)"


def register_arrived(connection: duckdb.DuckDBPyConnection, loads: Sequence[JudgedLoad]) -> None:
    """Make the rows of loads that the last build did not know readable as the schema `arrived`.

    What former repairs changed and touched is forgotten.
    """
    for schema in ("changed", "touched"):
        connection.execute(f"drop schema if exists {schema} cascade; create schema {schema}")
    _register_feed(connection, "arrived", loads)


def _register_feed(connection: duckdb.DuckDBPyConnection, schema: str, loads: Sequence[JudgedLoad]) -> None:
    connection.execute(f"create schema if not exists {schema}")
    for table in TABLES.values():
        files = [load.valid_path for load in loads if load.table_name == table.name and load.has_valid_rows]
        _register_rows(connection, schema, table, files)


def _register_rows(connection: duckdb.DuckDBPyConnection, schema: str, table: Table, files: Sequence[Path]) -> None:
    types = {**{column.name: column.sql_type for column in table.columns}, **LINEAGE}
    if files:
        columns = ", ".join(f'cast("{name}" as {of}) as "{name}"' for name, of in types.items())
        body = f"select {columns} from {files_sql(files)}"
    else:
        columns = ", ".join(f'cast(null as {of}) as "{name}"' for name, of in types.items())
        body = f"select {columns} where false"
    connection.execute(f'create or replace view {schema}."{table.name}" as {body}')


def _register_quarantine(connection: duckdb.DuckDBPyConnection, loads: Sequence[JudgedLoad]) -> None:
    files = [load.quarantine_path for load in loads if load.verdict.get("rows_quarantined")]
    columns = ", ".join(f"cast({name} as {of}) as {name}" for name, of in QUARANTINE.items())
    nulls = ", ".join(f"cast(null as {of}) as {name}" for name, of in QUARANTINE.items())
    body = f"select {columns} from {files_sql(files)}" if files else f"select {nulls} where false"
    connection.execute(f"create or replace view lake.quarantine as {body}")


def _fill(connection: duckdb.DuckDBPyConnection, name: str, rows: Sequence[Sequence[Any]]) -> None:
    types = LAKE_TABLES[name]
    columns = ", ".join(f"{column} {of}" for column, of in types.items())
    connection.execute(f"create or replace table lake.{name} ({columns})")
    if rows:
        arrow = {
            "varchar": pa.string(),
            "timestamp": pa.timestamp("us"),
            "boolean": pa.bool_(),
            "bigint": pa.int64(),
        }
        arrays = [pa.array([row[index] for row in rows], arrow[of]) for index, of in enumerate(types.values())]
        connection.register("rows_to_fill", pa.table(arrays, names=list(types)))
        connection.execute(f"insert into lake.{name} select * from rows_to_fill")
        connection.unregister("rows_to_fill")


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)


def _end_of(day: date, settings: Settings) -> datetime:
    """The instant, in UTC, at which the next local day begins."""
    return _naive(datetime.combine(day + timedelta(days=1), time.min, ZoneInfo(settings.reporting_timezone)))


def pending_refusals(loads: Sequence[JudgedLoad]) -> tuple[JudgedLoad, ...]:
    """The refused loads that no newer load of their source and table has replaced."""
    newest: dict[tuple[str, str], JudgedLoad] = {}
    for load in loads:
        newest[load.source_system, load.table_name] = load
    return tuple(load for load in newest.values() if not load.is_accepted)


def _load_rows(loads: Sequence[JudgedLoad]) -> list[tuple[Any, ...]]:
    pending = {(load.load_id, load.table_name) for load in pending_refusals(loads)}
    return [
        (
            load.load_id,
            load.source_system,
            load.table_name,
            _naive(load.loaded_at),
            load.verdict["outcome"],
            load.is_accepted,
            load.is_released,
            (load.load_id, load.table_name) in pending,
            load.verdict.get("reason"),
            load.verdict["rows_read"],
            load.verdict["rows_valid"],
            load.verdict["rows_quarantined"],
            load.verdict["rows_duplicate"],
        )
        for load in loads
    ]


def _rule_rows(loads: Sequence[JudgedLoad]) -> list[tuple[Any, ...]]:
    return [
        (
            load.load_id,
            load.source_system,
            load.table_name,
            rule["rule"],
            rule["severity"],
            rule["checked_count"],
            rule["failed_count"],
            rule["status"],
        )
        for load in loads
        for rule in load.verdict["rules"]
    ]


# The latest day on which any version of an order that counts was placed: the answer, unless a later version
# of that order says otherwise.
LATEST_DAY_SQL = """
select max(timezone($zone, timezone('UTC', ordered_at))) from feed.orders
where ordered_at > $newest - to_days($days) and ordered_at < $before and {is_valid}
"""
DAYS_LOOKED_AT = (31, 1_000_000)
# The statistics of files tell it without reading a row.
NEWEST_ORDER_SQL = "select max(ordered_at) from feed.orders where ordered_at < $before"
# The same of current versions, as staging finds them, among the orders that have a version since an instant.
CURRENT_SINCE_SQL = """
with current_orders as (
    select * from feed.orders
    where (source_system, order_id) in (
        select source_system, order_id from feed.orders where ordered_at >= $since and ordered_at < $before
    )
    qualify row_number() over (partition by source_system, order_id order by {newest_first}) = 1
)
select max(timezone($zone, timezone('UTC', ordered_at))) from current_orders where {is_valid}
"""
NEWEST_FIRST_SQL = """
updated_at desc nulls last, case when updated_at is null then load_id end desc nulls last,
case when updated_at is null then row_number end desc nulls last, content_hash desc
"""
# Who is a test customer by the current version, whose orders count as little as those that are tests themselves.
TEST_CUSTOMERS_SQL = """
create or replace temp table test_customers as
with current_customers as (
    select * from feed.customers
    where (source_system, customer_id) in (select source_system, customer_id from feed.customers where is_test)
    qualify row_number() over (partition by source_system, customer_id order by {newest_first}) = 1
)
select source_system, customer_id from current_customers where is_test
"""
VALID_ORDER_SQL = """
    status in ('completed', 'returned')
    and not coalesce(is_trial, false) and not coalesce(is_test, false)
    and not exists (
        from test_customers as tests
        where tests.source_system = {orders}.source_system and tests.customer_id = {orders}.customer_id
    )
    and ($count_zero or coalesce(gross_amount, net_amount + coalesce(discount_amount, 0)) > 0)
"""


def _latest_order_day(connection: duckdb.DuckDBPyConnection, settings: Settings) -> date | None:
    """The greatest local day of a current valid order; looks at the last days first, to spare the rest."""
    zone = ZoneInfo(settings.reporting_timezone)
    given: dict[str, Any] = {
        "zone": settings.reporting_timezone,
        "count_zero": bool(settings.parameters["count_zero_amount_orders"]),
    }
    before = _naive(datetime(9999, 1, 1, tzinfo=UTC))
    connection.execute(TEST_CUSTOMERS_SQL.format(newest_first=NEWEST_FIRST_SQL))
    current_since = CURRENT_SINCE_SQL.format(
        is_valid=VALID_ORDER_SQL.format(orders="current_orders"), newest_first=NEWEST_FIRST_SQL
    )
    while True:
        day = _latest_day_before(connection, before, given)
        if day is None:
            return None
        since = _naive(datetime.combine(day, time.min, zone))
        current = connection.execute(current_since, {**given, "since": since, "before": before}).fetchone()
        if current and current[0] and _day(current[0]) >= day:
            return _day(current[0])
        before = since


def _latest_day_before(
    connection: duckdb.DuckDBPyConnection, before: datetime, given: Mapping[str, Any]
) -> date | None:
    """The greatest local day before an instant on which any version of an order that counts was placed."""
    newest = connection.execute(NEWEST_ORDER_SQL, {"before": before}).fetchone()
    if newest is None or newest[0] is None:
        return None
    latest = LATEST_DAY_SQL.format(is_valid=VALID_ORDER_SQL.format(orders="orders"))
    for days in DAYS_LOOKED_AT:
        found = connection.execute(latest, {**given, "newest": newest[0], "days": days, "before": before}).fetchone()
        if found and found[0] is not None:
            return _day(found[0])
    return None


def latest_day(connection: duckdb.DuckDBPyConnection, settings: Settings) -> date | None:
    """The greatest local day of an accepted valid order; without orders, of any accepted dated row."""
    latest = _latest_order_day(connection, settings)
    if latest:
        return latest
    zone = settings.reporting_timezone
    for table in TABLES.values():
        for name in EVENT_TIMES:
            if name not in table.column_names:
                continue
            is_instant = table.column(name).type == "timestamp"
            moment = f"timezone('{zone}', timezone('UTC', {name}))" if is_instant else name
            row = connection.execute(f"select max({moment}) from feed.{table.name}").fetchone()
            if row and row[0] and (latest is None or _day(row[0]) > latest):
                latest = _day(row[0])
    return latest


def _day(moment: date) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def today(settings: Settings) -> date:
    """The local day now, in the reporting time zone."""
    return datetime.now(ZoneInfo(settings.reporting_timezone)).date()


def as_of_day(connection: duckdb.DuckDBPyConnection, settings: Settings, asked: str | None) -> date:
    """The day that the run's figures are as of."""
    wanted = asked or settings.as_of
    if wanted not in ("auto", "today"):
        return date.fromisoformat(wanted)
    if wanted == "today":
        return today(settings)
    latest = latest_day(connection, settings)
    return min(latest, today(settings)) if latest else today(settings)
