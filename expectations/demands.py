"""Our few demands by name: each one definition, both as SQL and as an expectation of Great Expectations.

Every function gives a tuple of demands, one per column named, so that a suite reads as a list of sentences.
A predicate is true of a row that breaks the demand; an unknown value breaks none but `required`.
Two DuckDB variables are set while a load is judged: `latest`, the last believable instant of something
that has happened, and `allowance`, the share of rows that may be refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from typing import Any, Literal

from babel.numbers import list_currencies

from orchestration.feed.declaration import TABLES, Column, Table

Severity = Literal["critical", "warning"]

# Amounts beyond this are a slipped decimal point or an identifier in the wrong column.
_PLAUSIBLE_MAGNITUDE = 1_000_000_000

# Codes of ISO 4217 that stand for no money.
_NO_MONEY = frozenset({"XXX", "XTS"})

# Types whose values are parsed, so that a text which could not be stands in <column>__text.
PARSED = {
    "phone": "a telephone number",
    "country": "a country",
    "amount": "an amount",
    "number": "a number",
    "quantity": "a quantity",
    "rate": "a rate",
    "integer": "a whole number",
    "boolean": "yes or no",
    "date": "a date",
    "timestamp": "an instant",
}


@dataclass(frozen=True)
class Demand:
    """One thing demanded of a table, under a name that is for ever: its history hangs on it.

    `breaks` is SQL, true of a row that breaks the demand; a demand on the table as a whole has none.
    `expectation` is the type of the Great Expectations' expectation, `arguments` what it is built with.
    A demand `is_of_shape` if a load in which every row breaks it is no load of this table at all.
    """

    name: str
    description: str
    breaks: str | None
    expectation: str
    arguments: Mapping[str, Any] = field(hash=False)
    severity: Severity = "critical"
    is_of_shape: bool = False


Demands = tuple[Demand, ...]


@dataclass(frozen=True)
class Suite:
    """Everything demanded of one feed table."""

    table: Table
    demands: Demands

    @property
    def of_rows(self) -> Demands:
        """Demands that each row keeps or breaks."""
        return tuple(demand for demand in self.demands if demand.breaks is not None)

    @property
    def of_table(self) -> Demands:
        """Demands that the load keeps or breaks as a whole: that it has its key, and what it may lose."""
        return tuple(demand for demand in self.demands if demand.breaks is None)


def suite(table_name: str, *of_business: Demands) -> Suite:
    """What follows from the table's declaration, then what its business demands."""
    table = TABLES[table_name]
    declared = (_of_declaration(table, column) for column in table.columns)
    groups = (
        has_columns(*table.key_must_be_present),
        *declared,
        *of_business,
        share_refused_within_allowance(),
    )
    demands = tuple(demand for group in groups for demand in group)
    names = [demand.name for demand in demands]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"The suite of {table_name} demands {', '.join(twice)} twice: take one of them out.")
    return Suite(table, demands)


def has_columns(*columns: str) -> Demands:
    """The file brings these columns at all: without its key a row cannot be told from another."""
    return (
        Demand(
            name="key_columns_are_there",
            description=f"The load brings the key: {', '.join(columns)}.",
            breaks=None,
            expectation="expect_table_columns_to_match_set",
            arguments={"column_set": list(columns), "exact_match": False},
        ),
    )


def share_refused_within_allowance() -> Demands:
    """Not so many rows are refused that the rest would mislead."""
    query = (
        "select 1 from (select count(*) as judged from {batch}) as judged "
        "where (select count(*) from failures where is_refused) > getvariable('allowance') * judged.judged"
    )
    return (
        Demand(
            name="refused_share_is_within_allowance",
            description="The share of refused rows is within the table's allowance.",
            breaks=None,
            expectation="unexpected_rows_expectation",
            arguments={"unexpected_rows_query": query},
        ),
    )


def required(*columns: str) -> Demands:
    """A value is there."""
    return tuple(
        Demand(
            name=f"{column}_is_present",
            description=f"{column} is present.",
            breaks=f"{column} is null",
            expectation="expect_column_values_to_not_be_null",
            arguments={"column": column},
        )
        for column in columns
    )


def required_and_parsed(*columns: str) -> Demands:
    """A value is there; one that could not be read is there too, and is another demand's business."""
    return tuple(
        _row_demand(
            f"{column}_is_present",
            f"{column} is present.",
            f"{column} is null and {column}__text is null",
        )
        for column in columns
    )


def parsed(column: str, type_name: str) -> Demands:
    """What the source wrote could be read as the column's type."""
    return (
        Demand(
            name=f"{column}_is_readable",
            description=f"{column} can be read as {PARSED[type_name]}.",
            breaks=f"{column}__text is not null",
            expectation="expect_column_values_to_be_null",
            arguments={"column": f"{column}__text"},
            is_of_shape=True,
        ),
    )


def one_of(column: str, values: Sequence[str]) -> Demands:
    """The value is on a closed list."""
    return (_listed(column, values, f"{column} is one of {', '.join(values)}."),)


def known_currency(*columns: str) -> Demands:
    """The value is a code of ISO 4217, past ones included: old orders were paid in them."""
    codes = _currency_codes()
    return tuple(_listed(column, codes, f"{column} is a currency code of ISO 4217.") for column in columns)


def email_shaped(*columns: str) -> Demands:
    """The value has the shape of an e-mail address."""
    return tuple(
        _shaped(column, r"^[^@\s]+@[^@\s.]+(\.[^@\s.]+)+$", "has the shape of an e-mail address") for column in columns
    )


def phone_shaped(*columns: str) -> Demands:
    """The value is a telephone number as E.164 writes it, or its digits where nobody knows the country."""
    return tuple(_shaped(column, r"^\+?[0-9]{5,20}$", "is a telephone number") for column in columns)


def not_negative(*columns: str) -> Demands:
    """The value is 0 or more."""
    return tuple(
        _ranged(column, f"{column}_is_not_negative", f"{column} is not negative.", least=0) for column in columns
    )


def positive(*columns: str) -> Demands:
    """The value is more than 0."""
    return tuple(
        Demand(
            name=f"{column}_is_positive",
            description=f"{column} is more than 0.",
            breaks=f"{column} <= 0",
            expectation="expect_column_values_to_be_between",
            arguments={"column": column, "min_value": 0, "strict_min": True},
        )
        for column in columns
    )


def non_zero(*columns: str, severity: Severity = "critical") -> Demands:
    """The value is not 0."""
    return tuple(
        Demand(
            name=f"{column}_is_not_zero",
            description=f"{column} is not 0.",
            breaks=f"{column} = 0",
            expectation="expect_column_values_to_not_be_in_set",
            arguments={"column": column, "value_set": [0]},
            severity=severity,
        )
        for column in columns
    )


def between(column: str, least: int, most: int) -> Demands:
    """The value lies in a range, both ends included."""
    name, says = f"{column}_is_between_{least}_and_{most}", f"{column} is between {least} and {most}."
    return (_ranged(column, name, says, least=least, most=most),)


def not_before(column: str, day: str) -> Demands:
    """The date or instant is not before a day (YYYY-MM-DD)."""
    return (
        _row_demand(
            f"{column}_is_not_before_{day.replace('-', '_')}",
            f"{column} is not before {day}.",
            f"{column} < date '{day}'",
        ),
    )


def not_in_future(*columns: str) -> Demands:
    """What has happened has not happened after it was loaded, give or take a day for time zones."""
    return tuple(
        Demand(
            name=f"{column}_is_not_in_the_future",
            description=f"{column} is not after the load that brought it.",
            breaks=f"{column} > getvariable('latest')",
            expectation="expect_column_values_to_be_between",
            arguments={"column": column, "max_value": {"$PARAMETER": "latest"}},
        )
        for column in columns
    )


def in_order(*columns: str, severity: Severity = "critical") -> Demands:
    """Each date or instant is not after the next."""
    return tuple(
        Demand(
            name=f"{earlier}_is_not_after_{later}",
            description=f"{earlier} is not after {later}.",
            breaks=f"{earlier} > {later}",
            expectation="expect_column_pair_values_a_to_be_greater_than_b",
            arguments={
                "column_A": later,
                "column_B": earlier,
                "or_equal": True,
                "ignore_row_if": "either_value_is_missing",
            },
            severity=severity,
        )
        for earlier, later in pairwise(columns)
    )


def different(column: str, other: str) -> Demands:
    """Two columns hold different values."""
    name, says = f"{column}_differs_from_{other}", f"{column} differs from {other}."
    return (_row_demand(name, says, f"{column} = {other}"),)


def score_in_scale() -> Demands:
    """A score lies on its row's scale, else its question's; NPS never leaves 0 to 10, text has no scale."""
    scales = (
        "case question_type"
        " when 'nps' then score < greatest(0, scale_min) or score > least(10, scale_max)"
        " when 'csat' then score < coalesce(scale_min, 1) or score > coalesce(scale_max, 5)"
        " when 'ces' then score < coalesce(scale_min, 1) or score > coalesce(scale_max, 7)"
        " end"
    )
    return (
        _row_demand(
            "score_is_on_its_scale",
            "score lies on its scale: NPS 0 to 10; CSAT 1 to 5 and CES 1 to 7 unless the row says.",
            scales,
        ),
    )


def resolvable(column: str, table: Table, references: Table) -> Demands:
    """What the row refers to has come from the same source, if the source brings such a table at all."""
    known, key = f"known_{references.name}", references.key[0]
    unresolved = f"{column} is not null and not exists (select 1 from {known} as known where known.id = {column}) and "
    if references.name == table.name:
        unresolved += f"{column} not in (select {key} from conformed where {key} is not null)"
    else:
        unresolved += f"exists (select 1 from {known})"
    return (
        _row_demand(
            f"{column}_is_resolvable",
            f"{column} is among the {references.name} of the same source.",
            unresolved,
            severity="warning",
        ),
    )


def _of_declaration(table: Table, column: Column) -> Demands:
    """What the declaration of a column alone demands."""
    demands: Demands = ()
    if column.is_required or column.name in table.key_must_be_present:
        demands += (required_and_parsed if column.type in PARSED else required)(column.name)
    if column.type in PARSED:
        demands += parsed(column.name, column.type)
    if column.type in ("amount", "quantity"):
        demands += _plausible(column.name)
    if column.values:
        demands += one_of(column.name, column.values)
    if column.type == "currency":
        demands += known_currency(column.name)
    if column.references:
        demands += resolvable(column.name, table, TABLES[column.references])
    return demands


def _plausible(column: str) -> Demands:
    limit = _PLAUSIBLE_MAGNITUDE
    says = f"{column} is between -{limit:,} and {limit:,}."
    return (_ranged(column, f"{column}_is_plausible", says, least=-limit, most=limit),)


def _ranged(column: str, name: str, says: str, *, least: int | None = None, most: int | None = None) -> Demand:
    bounds = {"min_value": least, "max_value": most}
    tests = [f"{column} {sign} {bound}" for sign, bound in (("<", least), (">", most)) if bound is not None]
    return Demand(
        name=name,
        description=says,
        breaks=" or ".join(tests),
        expectation="expect_column_values_to_be_between",
        arguments={"column": column, **{of: bound for of, bound in bounds.items() if bound is not None}},
    )


def _listed(column: str, values: Sequence[str], says: str) -> Demand:
    listed = ", ".join(f"'{value}'" for value in values)
    return Demand(
        name=f"{column}_is_known",
        description=says,
        breaks=f"{column} not in ({listed})",
        expectation="expect_column_values_to_be_in_set",
        arguments={"column": column, "value_set": list(values)},
    )


def _shaped(column: str, pattern: str, says: str) -> Demand:
    return Demand(
        name=f"{column}_is_well_formed",
        description=f"{column} {says}.",
        breaks=f"not regexp_matches({column}, '{pattern}')",
        expectation="expect_column_values_to_match_regex",
        arguments={"column": column, "regex": pattern},
    )


def _row_demand(name: str, says: str, breaks: str, *, severity: Severity = "critical") -> Demand:
    """A demand for which Great Expectations has no expectation of its own: it runs our predicate."""
    return Demand(
        name=name,
        description=says,
        breaks=breaks,
        expectation="unexpected_rows_expectation",
        arguments={"unexpected_rows_query": f"select _row_number from {{batch}} where {breaks}"},
        severity=severity,
    )


@cache
def _currency_codes() -> tuple[str, ...]:
    return tuple(sorted(list_currencies() - _NO_MONEY))
