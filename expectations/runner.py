"""Judging a load: the only module that runs Great Expectations."""

import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb

from expectations import sieve
from expectations.demands import Demand, Suite
from expectations.duckdb_gx import reachable
from expectations.report import page
from expectations.sieve import Lineage
from expectations.suites import SUITES
from expectations.verdict import DEFAULT_ALLOWANCE, RuleResult, Verdict, decide
from orchestration.feed.declaration import Table

__all__ = ["DemandNotEvaluated", "Lineage", "VerdictsDisagree", "judge"]

# What has happened may lie in the load's future by this much: sources err about their time zone.
_TOLERANCE = timedelta(days=1)

# Counts only: values that break a demand may be personal, and fetching them costs a scan each.
_RESULT_FORMAT = {"result_format": "BASIC", "partial_unexpected_count": 0}


class DemandNotEvaluated(Exception):
    """A demand could not be evaluated: the fault is ours, not that of the data."""

    def __init__(self, table: str, demand: str, cause: str) -> None:
        super().__init__(
            f"{table}: the demand {demand} could not be evaluated, so that the load is not judged: {cause}. "
            "Correct the demand in expectations/suites or what conforming makes, and run again."
        )


class VerdictsDisagree(Exception):
    """Our SQL and Great Expectations count differently: one of a demand's two sides is wrong."""

    def __init__(self, table: str, demand: str, *, by_sql: int, by_gx: int) -> None:
        super().__init__(
            f"{table}: {by_sql:,} rows break {demand} in SQL, but {by_gx:,} in Great Expectations, "
            "so that the load is not judged. Correct the demand's definition in expectations/demands.py."
        )


def judge(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    *,
    lineage: Lineage,
    missing_key_columns: Sequence[str],
    valid_path: Path,
    quarantine_path: Path,
    allowance: float = DEFAULT_ALLOWANCE,
    is_released: bool = False,
    report_directory: Path | None = None,
    suite: Suite | None = None,
) -> Verdict:
    """Judge the load in the table `conformed`, and write its valid rows and its refused ones.

    Tables `known_<table>(id)` in the connection hold the identifiers that the same source has brought;
    one that is not there is empty. The report directory is this load's own: a page for people, index.html,
    and the results of Great Expectations, validation.json.
    """
    suite = suite or SUITES[table.name]
    with _staged(connection, suite, lineage, allowance):
        if missing_key_columns:
            verdict = _without_key(connection, suite, lineage, missing_key_columns, is_released=is_released)
            result: Mapping[str, Any] | None = None
        else:
            verdict, result = _row_by_row(connection, suite, lineage, allowance=allowance, is_released=is_released)
        accepted = verdict.is_accepted
        sieve.write_valid(connection, table, lineage, valid_path, is_accepted=accepted)
        sieve.write_quarantine(connection, table, lineage, quarantine_path, is_accepted=accepted)
        if report_directory:
            _keep_report(connection, report_directory, table, lineage, verdict, result)
    return verdict


def _without_key(
    connection: duckdb.DuckDBPyConnection,
    suite: Suite,
    lineage: Lineage,
    missing: Sequence[str],
    *,
    is_released: bool,
) -> Verdict:
    """The verdict on a load that brings no key: there is nothing to evaluate row by row."""
    name, columns = suite.table.name, ", ".join(missing)
    has_key = suite.of_table[0]
    sieve.refuse_every_row(connection, has_key.name)
    rows_read, rows_duplicate = _row_counts(connection)
    return decide(
        rows_read=rows_read,
        rows_duplicate=rows_duplicate,
        rows_refused=rows_read - rows_duplicate,
        row_rules=(),
        table_rules=(_rule_result(has_key, 1, len(missing)),),
        load_id=lineage.load_id,
        misshapen=f"{name} arrived without {columns}, by which its rows are told apart. If another column "
        f"holds that, name it under tables.{name}.columns of the source",
        is_released=is_released,
    )


def _row_by_row(
    connection: duckdb.DuckDBPyConnection,
    suite: Suite,
    lineage: Lineage,
    *,
    allowance: float,
    is_released: bool,
) -> tuple[Verdict, Mapping[str, Any] | None]:
    """The verdict on a load whose rows can be judged, and what Great Expectations said of it."""
    failed = sieve.find_failures(connection, suite)
    rows_read, rows_duplicate = _row_counts(connection)
    judged = rows_read - rows_duplicate
    (refused,) = connection.execute("select count(*) from failures where is_refused").fetchall()[0]
    is_too_much = int(refused > allowance * judged)
    counts = {demand.name: failed.get(demand.name, 0) for demand in suite.of_rows}
    has_key, within_allowance = suite.of_table
    of_table = {has_key.name: 0, within_allowance.name: is_too_much}
    result = None
    if judged:
        result = _validated(connection, suite, lineage)
        _compare(suite, {**counts, **of_table}, result)
    verdict = decide(
        rows_read=rows_read,
        rows_duplicate=rows_duplicate,
        rows_refused=refused,
        row_rules=[_rule_result(demand, judged, counts[demand.name]) for demand in suite.of_rows],
        table_rules=[_rule_result(demand, 1, of_table[demand.name]) for demand in suite.of_table],
        load_id=lineage.load_id,
        misshapen=_misread(suite, judged, counts),
        allowance=allowance,
        is_released=is_released,
    )
    return verdict, result


def _misread(suite: Suite, judged: int, counts: Mapping[str, int]) -> str | None:
    """Why the load is no load of its table, if a column of it could not be read in a single row of many."""
    for demand in suite.of_rows:
        if demand.is_of_shape and counts[demand.name] == judged > 1:
            return f'In {suite.table.name}, no row keeps "{demand.description}"'
    return None


def _rule_result(demand: Demand, checked: int, failed: int) -> RuleResult:
    return RuleResult(demand.name, demand.description, demand.severity, checked, failed)


def _row_counts(connection: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    rows = connection.execute("select count(*), count(*) filter (_is_duplicate) from conformed").fetchall()
    return int(rows[0][0]), int(rows[0][1])


@contextmanager
def _staged(connection: duckdb.DuckDBPyConnection, suite: Suite, lineage: Lineage, allowance: float) -> Iterator[None]:
    """Set out in the connection what the demands speak of, and clear it away again."""
    present = connection.execute(
        "select table_name from duckdb_tables() union select view_name from duckdb_views()"
    ).fetchall()
    references = {f"known_{column.references}" for column in suite.table.columns if column.references}
    made = sorted(references - {name for (name,) in present})
    for known in made:
        connection.execute(f"create temp table {known} (id varchar)")
    connection.execute("create or replace temp view judged as from conformed where not _is_duplicate")
    connection.execute(f"set variable latest = timestamp '{lineage.known_at + _TOLERANCE}'")
    connection.execute(f"set variable allowance = {allowance}::double")
    try:
        yield
    finally:
        connection.execute("drop view judged")
        for table in (*made, "failures"):
            connection.execute(f"drop table if exists temp.{table}")
        for variable in ("latest", "allowance"):
            connection.execute(f"reset variable {variable}")


def _validated(connection: duckdb.DuckDBPyConnection, suite: Suite, lineage: Lineage) -> Mapping[str, Any]:
    """What Great Expectations says of the same rows."""
    # It takes seconds to import: only who judges a load waits for it, and only once.
    import great_expectations as gx
    from great_expectations.data_context.types import base
    from great_expectations.datasource.fluent.interfaces import GxDatasourceWarning

    in_memory = base.DataContextConfig(
        store_backend_defaults=base.InMemoryStoreBackendDefaults(),
        progress_bars=base.ProgressBarsConfig(globally=False),
    )
    context = gx.get_context(mode="ephemeral", project_config=in_memory)
    with reachable(connection) as url:
        with warnings.catch_warnings():
            # The dialect goes by PostgreSQL's name; the data source made for that would want its driver.
            warnings.simplefilter("ignore", GxDatasourceWarning)
            source = context.data_sources.add_sql(
                name=lineage.source_system, connection_string=url, create_temp_table=False
            )
        asset = source.add_table_asset(suite.table.name, table_name="judged")
        batch = asset.add_batch_definition_whole_table(lineage.load_id).get_batch()
        expected = gx.ExpectationSuite(
            name=suite.table.name, expectations=[_expectation(demand) for demand in suite.demands]
        )
        result = batch.validate(
            expected,
            result_format=_RESULT_FORMAT,
            expectation_parameters={"latest": lineage.known_at + _TOLERANCE},
        )
    said: Mapping[str, Any] = result.to_json_dict()
    return said


def _expectation(demand: Demand) -> dict[str, Any]:
    return {
        "type": demand.expectation,
        "kwargs": dict(demand.arguments),
        "severity": demand.severity,
        "description": demand.description,
        "meta": {"demand": demand.name},
    }


def _compare(suite: Suite, counts: Mapping[str, int], result: Mapping[str, Any]) -> None:
    """Both sides of every demand have been evaluated, and agree."""
    table = suite.table.name
    said = {one["expectation_config"]["meta"]["demand"]: one for one in result["results"]}
    for demand in suite.demands:
        one = said.get(demand.name)
        if one is None:
            raise DemandNotEvaluated(table, demand.name, "Great Expectations gave no result for it")
        if cause := _cause(one["exception_info"]):
            raise DemandNotEvaluated(table, demand.name, cause)
        by_gx = _broken_count(one)
        if by_gx != counts[demand.name]:
            raise VerdictsDisagree(table, demand.name, by_sql=counts[demand.name], by_gx=by_gx)


def _cause(exception_info: Mapping[str, Any]) -> str | None:
    """Why an expectation could not be evaluated; it is said of the whole or of each of its metrics."""
    each = [exception_info] if "raised_exception" in exception_info else exception_info.values()
    causes = [str(one.get("exception_message")) for one in each if one.get("raised_exception")]
    return "; ".join(dict.fromkeys(causes)) or None


def _broken_count(one: Mapping[str, Any]) -> int:
    """How many rows break an expectation; one on the table is kept or broken as a whole."""
    result = one["result"]
    if "unexpected_count" in result:
        return int(result["unexpected_count"])
    if one["expectation_config"]["type"] == "unexpected_rows_expectation":
        return int(result["observed_value"])
    return int(not one["success"])


def _keep_report(
    connection: duckdb.DuckDBPyConnection,
    directory: Path,
    table: Table,
    lineage: Lineage,
    verdict: Verdict,
    result: Mapping[str, Any] | None,
) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    text = page(table, lineage, verdict, sieve.sample_failures(connection))
    (directory / "index.html").write_text(text, encoding="utf-8")
    if result is not None:
        written = json.dumps(result, ensure_ascii=False, indent=1)
        (directory / "validation.json").write_text(written, encoding="utf-8")
