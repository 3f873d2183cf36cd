"""The SQL statement that turns a load's raw columns into the conformed relation."""

from collections.abc import Iterable

from orchestration.feed import currencies, numbers, texts, timestamps
from orchestration.feed.declaration import Column, Table
from orchestration.feed.quoting import identifier, literal
from orchestration.feed.reading import Raw, Reading

# Types of which a value may be beyond reading; its text is then kept beside the null.
PARSED_TYPES = frozenset(
    {"phone", "country", "amount", "number", "quantity", "rate", "integer", "boolean", "date", "timestamp"}
)

_LOOKED_UP_TYPES = frozenset({"phone", "country"})

# Raw columns of these types say what they mean without a detour through text.
_WHOLE_NUMBERS = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT"})
_TYPED = {
    "timestamp": frozenset({"TIMESTAMP"}),
    "date": frozenset({"DATE"}),
    "boolean": frozenset({"BOOLEAN"}),
    "integer": _WHOLE_NUMBERS,
    **dict.fromkeys(("amount", "number", "quantity", "rate"), _WHOLE_NUMBERS | {"DECIMAL"}),
}


def conforming_statement(table: Table, raw: Raw, reading: Reading) -> str:
    """The one statement that makes the table `conformed`.

    Each stage adds a form of each column to the ones before: `__raw` trimmed text, `__nfkc` in NFKC,
    `__standard` in the one spelling of its type, `__found` by look-up,
    `__local` as a wall-clock time, `__instant` in UTC, and the value itself; what came typed has a form
    `__typed` until then, and its text only where there is no value.
    Stages stream; only distinct countries and telephone numbers and repeated rows are held.
    """
    typed = [column for column in table.columns if _is_typed(column, raw)]
    columns = [column for column in table.columns if column not in typed]
    normalised = [column for column in columns if column.type not in texts.VERBATIM_TYPES]
    looked_up = [column for column in columns if column.type in _LOOKED_UP_TYPES]
    timed = [column for column in columns if column.type == "timestamp"]
    brought = [*(_raw_text(column, raw, reading) for column in columns), *(_typed(column, raw) for column in typed)]
    stages = [
        f"raw as not materialized (from {raw.relation})",
        _stage("trimmed", "raw", ["_row_number", *brought]),
        _stage("normal", "trimmed", ["*", *map(_nfkc, normalised)]),
        _stage("standard", "normal", ["*", *map(_standard, normalised), _country(table)]),
        *(_lookup(column, reading) for column in looked_up),
        _stage(
            "found",
            " ".join(["standard", *map(_join, looked_up)]),
            ["standard.*", *map(_found, looked_up), *map(_local, timed)],
        ),
        _stage("timed", "found", ["*", *(_instant(column, reading) for column in timed)]),
        _stage("valued", "timed", ["*", *(_value(column, reading) for column in columns)]),
        _stage("whole", "valued", ["*", *(_typed_value(column, reading) for column in typed)]),
        _stage("told", "whole", ["*", *(_typed_text(column, raw, reading) for column in typed)]),
        *_duplicates(raw.columns),
    ]
    return f"create or replace table conformed as with\n{_listed(stages)}\nfrom told select\n{_listed(_output(table))}"


def _listed(expressions: Iterable[str]) -> str:
    return ",\n".join(expressions)


def _stage(name: str, source: str, expressions: Iterable[str]) -> str:
    return f"{name} as not materialized (from {source} select\n{_listed(expressions)})"


def _form(column: Column, form: str) -> str:
    return identifier(f"{column.name}__{form}")


def _raw_text(column: Column, raw: Raw, reading: Reading) -> str:
    name = raw.found.get(column.name)
    if name is None:
        return f"cast(null as varchar) as {_form(column, 'raw')}"
    text = texts.text(identifier(name), raw.types[name], zone=reading.timezone, is_date=column.type == "date")
    return f"{texts.trimmed(text)} as {_form(column, 'raw')}"


def _is_typed(column: Column, raw: Raw) -> bool:
    native_type = raw.types.get(raw.found.get(column.name, ""), "").upper().partition("(")[0]
    return native_type in _TYPED.get(column.type, ())


def _typed(column: Column, raw: Raw) -> str:
    return f"{identifier(raw.found[column.name])} as {_form(column, 'typed')}"


def _typed_value(column: Column, reading: Reading) -> str:
    typed = _form(column, "typed")
    match column.type:
        case "timestamp":
            value = timestamps.in_range(timestamps.local_instant(typed, reading.timezone))
        case "date":
            value = timestamps.day_in_range(typed)
        case _:
            value = f"try_cast({typed} as {column.sql_type})"
    return f"{value} as {identifier(column.name)}"


def _typed_text(column: Column, raw: Raw, reading: Reading) -> str:
    """The text of what is beyond the column's range, as if it had come as text."""
    native_type = raw.types[raw.found[column.name]]
    text = texts.text(_form(column, "typed"), native_type, zone=reading.timezone, is_date=column.type == "date")
    lost = f"case when {identifier(column.name)} is null then {text} end"
    return f"{lost} as {_form(column, 'raw')}, {_form(column, 'raw')} as {_form(column, 'standard')}"


def _nfkc(column: Column) -> str:
    return f"{texts.normalised(_form(column, 'raw'))} as {_form(column, 'nfkc')}"


def _standard(column: Column) -> str:
    text = _form(column, "nfkc")
    match column.type:
        case "email":
            text = f"lower({text})"
        case "choice":
            text = f"translate(lower({text}), ' -', '__')"
        case "currency":
            text = currencies.currency_code(text)
        case "amount" | "number" | "quantity" | "rate" | "integer":
            text = numbers.ungrouped(text)
        case "date" if column.name.endswith("_month"):
            text = timestamps.iso(timestamps.month_as_date(text))
        case "date" | "timestamp":
            text = timestamps.iso(text)
    return f"{text} as {_form(column, 'standard')}"


def _country(table: Table) -> str:
    """The row's country as written, '' if it has none: how its telephone number is to be read."""
    written = next((_form(column, "standard") for column in table.columns if column.type == "country"), "null")
    return f"coalesce({written}, '') as row_country"


def _lookup(column: Column, reading: Reading) -> str:
    """What each distinct pair of a value and its row's country stands for."""
    default = literal(reading.country or "")
    value = {
        "country": "country_code(written)",
        "phone": f"e164(written, coalesce(country_code(row_country), {default}))",
    }[column.type]
    pairs = f"from standard select distinct {_form(column, 'standard')} as written, row_country"
    return f"{_form(column, 'lookup')} as materialized (from ({pairs}) select *, {value} as found)"


def _join(column: Column) -> str:
    lookup = _form(column, "lookup")
    return (
        f"left join {lookup} on {lookup}.written = standard.{_form(column, 'standard')}"
        f" and {lookup}.row_country = standard.row_country"
    )


def _found(column: Column) -> str:
    return f"{_form(column, 'lookup')}.found as {_form(column, 'found')}"


def _local(column: Column) -> str:
    return f"{timestamps.local_time(_form(column, 'standard'))} as {_form(column, 'local')}"


def _instant(column: Column, reading: Reading) -> str:
    local = timestamps.local_instant(_form(column, "local"), reading.timezone)
    stated = timestamps.stated_instant(_form(column, "standard"))
    return f"coalesce({local}, {stated}) as {_form(column, 'instant')}"


def _value(column: Column, reading: Reading) -> str:
    standard = _form(column, "standard")
    match column.type:
        case "id" | "text":
            value = _form(column, "raw")
        case "phone" | "country":
            value = _form(column, "found")
        case "currency" if column.name == "currency":
            value = f"coalesce({standard}, {literal(reading.currency)})"
        case "amount" | "number" | "quantity" | "rate":
            value = numbers.decimal(standard, column.sql_type)
        case "integer":
            value = numbers.integer(standard)
        case "boolean":
            value = numbers.boolean(standard)
        case "date":
            value = timestamps.date(standard)
        case "timestamp":
            value = timestamps.in_range(_form(column, "instant"))
        case _:
            value = standard
    return f"{value} as {identifier(column.name)}"


def _duplicates(raw_columns: tuple[str, ...]) -> list[str]:
    """Numbers of the rows that repeat an earlier one; hashes spare all but the suspects the comparison."""
    if not raw_columns:
        return ["duplicates as (select cast(null as bigint) limit 0)"]
    columns = ", ".join(map(identifier, raw_columns))
    hashed = f"hash({columns})"
    later = f"row_number() over (partition by {columns} order by _row_number) > 1"
    return [
        f"suspects as materialized (from raw select {hashed} group by all having count(*) > 1)",
        f"duplicates as (from raw select _row_number where {hashed} in (from suspects) qualify {later})",
    ]


def _output(table: Table) -> list[str]:
    parsed = [column for column in table.columns if column.type in PARSED_TYPES]
    return [
        "_row_number",
        "_row_number in (from duplicates) as _is_duplicate",
        f"{_row_key(table)} as row_key",
        f"{_content_hash(table)} as content_hash",
        f"{_standardised(table)} as standardised_columns",
        *(identifier(column.name) for column in table.columns),
        *(f"{_unparsed(column)} as {_form(column, 'text')}" for column in parsed),
    ]


def _unparsed(column: Column) -> str:
    return f"case when {identifier(column.name)} is null then {_form(column, 'raw')} end"


def _value_text(column: Column) -> str:
    """The value as text, or what stands there instead of one."""
    return f"coalesce(cast({identifier(column.name)} as varchar), {_form(column, 'raw')})"


def _row_key(table: Table) -> str:
    parts = (f"coalesce({_value_text(table.column(name))}, '')" for name in table.key)
    return " || '|' || ".join(parts)


def _content_hash(table: Table) -> str:
    """Empty columns leave no trace, so that a source may begin or cease to send them."""
    pairs = (f"{literal(column.name + '=')} || {_value_text(column)}" for column in table.columns)
    return f"md5(concat_ws(chr(31), {', '.join(pairs)}))"


def _standardised(table: Table) -> str:
    changed = (
        f"case when {_form(column, 'found' if column.type in _LOOKED_UP_TYPES else 'standard')}"
        f" <> {_form(column, 'raw')} then {literal(column.name)} end"
        for column in table.columns
        if column.type not in texts.VERBATIM_TYPES
    )
    return f"nullif(concat_ws(',', {', '.join(changed)}), '')"
