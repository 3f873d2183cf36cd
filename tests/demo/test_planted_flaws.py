"""The list of planted flaws is the whole truth: the files have these, and no others."""

from collections.abc import Mapping

import polars as pl
import pytest

from expectations.suites import SUITES
from orchestration.demo.flaws import FLAWS
from orchestration.demo.layout import DELIVERIES
from orchestration.feed import TABLES

COUNTRIES = ("中国", "德国", "美国", "CN", "DE", "US", "China", "Deutschland", "United States")
PLANTED = [(name, flaw.kind, flaw.demand) for name, flaws in FLAWS.items() for flaw in flaws]


def _breaks(table: str, demand: str) -> pl.Expr:
    """What the demand's name forbids, in the words of this test alone."""
    if demand == "score_is_on_its_scale":
        return (pl.col("score") < pl.col("scale_min")) | (pl.col("score") > pl.col("scale_max"))
    if "_is_not_after_" in demand:
        earlier, later = demand.split("_is_not_after_")
        is_ahead = pl.col(earlier).cast(pl.String).str.starts_with("2099")
        is_impossible = (_is_impossible(earlier) | _is_impossible(later)).fill_null(False)
        return (pl.col(earlier) > pl.col(later)) & ~is_ahead & ~is_impossible
    column, _, claim = demand.partition("_is_")
    text = pl.col(column).cast(pl.String)
    if claim == "known":
        return ~text.is_in(TABLES[table].column(column).values or ("CNY", "EUR", "USD"))
    if claim == "readable":
        special = {"phone": ~text.str.contains(r"\d{5}"), "country": ~text.is_in(COUNTRIES)}
        return special.get(column, _is_impossible(column))
    claims: Mapping[str, pl.Expr] = {
        "present": text.is_null(),
        "well_formed": ~text.str.contains("@", literal=True),
        "not_in_the_future": text > "2099",
        "not_negative": text.str.starts_with("-"),
        "positive": text.str.starts_with("-"),
        "resolvable": text.str.starts_with("GONE-"),
    }
    return claims[claim]


def _is_impossible(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.String).str.starts_with("2025-02-30")


def _planted(company, name: str, kind: str, demand: str) -> pl.DataFrame:
    source, table = name.split(".")
    return company.truth("dirty_rows").filter(
        pl.col("source") == source,
        pl.col("table") == table,
        pl.col("kind") == kind,
        pl.col("expected_demand").fill_null("") == demand,
    )


@pytest.mark.parametrize(("name", "kind", "demand"), [of for of in PLANTED if of[2]])
def test_the_files_break_a_demand_exactly_where_it_was_planted(company, name, kind, demand):
    table = name.split(".")[1]
    broken = company.tables[name].with_row_index("position", offset=1).filter(_breaks(table, demand))
    expected = _planted(company, name, kind, demand)

    assert expected.height >= 3
    assert sorted(broken["position"]) == _positions(company, name, expected)


@pytest.mark.parametrize("name", list(FLAWS))
def test_exact_duplicates_are_as_many_as_were_planted(company, name):
    frame = company.tables[name]

    assert frame.height - frame.n_unique() == _planted(company, name, "exact_duplicate", "").height >= 3


@pytest.mark.parametrize(("name", "kind"), [(name, kind) for name, kind, _ in PLANTED if kind.endswith("_version")])
def test_a_planted_version_has_the_key_of_another_row(company, name, kind):
    key = TABLES[name.split(".")[1]].key
    frame = company.tables[name].with_row_index("position", offset=1)
    version = frame[[number - 1 for number in _positions(company, name, _planted(company, name, kind, ""))]]
    other = frame.join(version, on="position", how="anti").join(version, on=key, suffix="_of_version")

    assert other.height == version.height >= 3
    if kind == "newer_version":
        assert other.select((pl.col("updated_at") < pl.col("updated_at_of_version")).all()).item()
    elif "updated_at" in frame.columns:
        assert other.select((pl.col("updated_at") == pl.col("updated_at_of_version")).all()).item()


def test_counts_are_those_of_the_listed_rows(company):
    listed = company.truth("dirty_rows").group_by("source", "table", "kind").len()
    counted = {
        (*name.split("."), kind): number
        for name, kinds in company.fact("counts")["flaws"].items()
        for kind, number in kinds.items()
    }
    assert {tuple(row[:3]): row[3] for row in listed.iter_rows()} == counted
    assert company.summary.flaws == company.fact("counts")["flaws"]


def test_every_listed_row_is_found_by_its_number_and_key(company):
    for name, frame in company.tables.items():
        source, table = name.split(".")
        listed = company.truth("dirty_rows").filter(pl.col("source") == source, pl.col("table") == table)
        parts = [pl.col(column).cast(pl.String).fill_null("") for column in TABLES[table].key]
        keys = frame.select(pl.concat_str(parts, separator="|")).to_series()
        numbers = _positions(company, name, listed, in_order=False)
        assert [keys[number - 1] for number in numbers] == listed["row_key"].fill_null("").to_list()


def test_no_row_has_two_flaws(company):
    assert (
        not company.truth("dirty_rows").select(pl.struct("file", "source", "row_number").is_duplicated().any()).item()
    )


def test_less_than_a_twentieth_of_any_table_is_refused(company):
    refused = company.truth("dirty_rows").filter(pl.col("expected_outcome") == "refused")
    for name, rows in company.summary.rows.items():
        source, table = name.split(".")
        count = refused.filter(pl.col("source") == source, pl.col("table") == table).height
        assert count < rows / 20, name


@pytest.mark.parametrize(("name", "flaw"), [(name, flaw) for name in FLAWS for flaw in FLAWS[name] if flaw.demand])
def test_the_demand_that_finds_a_flaw_is_one_that_we_make(name, flaw):
    severity = {demand.name: demand.severity for demand in SUITES[name.split(".")[1]].demands}

    assert severity[flaw.demand] == {"refused": "critical", "warned": "warning"}[flaw.outcome]


def _positions(company, name: str, listed: pl.DataFrame, *, in_order: bool = True) -> list[int]:
    """Numbers over all files of the table of the listed rows."""
    delivery = next(of for of in DELIVERIES if of.name == name)
    folder = company.path / delivery.system.name
    before = 0
    starts = {}
    for file in sorted(folder.glob(delivery.file)):
        starts[str(file.relative_to(folder))] = before
        before += pl.read_parquet(file).height if delivery.parts > 1 else 0
    numbers = [starts[file] + number for file, number in listed.select("file", "row_number").iter_rows()]
    return sorted(numbers) if in_order else numbers
