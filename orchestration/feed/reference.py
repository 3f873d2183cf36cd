"""The feed tables as a page for people: `python -m orchestration.feed.reference` writes docs/feed.md."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from orchestration.feed.declaration import SQL_TYPES, TABLES, Column, Table

PAGE = Path(__file__).parents[2] / "docs" / "feed.md"

_INTRODUCTION = """\
# The feed tables 数据输入表

<!-- Written by `python -m orchestration.feed.reference` from orchestration/feed/tables.yml. -->

These are the tables that a source may bring, whatever its kind. Bring those that you have: a missing
table is an empty table. `lifecycle feed` lists them at the terminal, `lifecycle feed orders` shows the
columns of one, and `lifecycle feed --template feed` writes an empty CSV of each to the folder `feed`.

- The order of columns is free. A column that is not listed here is kept in raw and reported; a missing
  **key** column refuses the load, a missing other column is empty.
- A row without its key or a **required** value is refused, and so is a value that cannot be read as its type.
- A key may come again, in one load or in a later one: the row with the greatest `updated_at` is the current
  one; without `updated_at` that of the latest load, within a load the last one read. Every version is kept.
- **Personal** columns are masked wherever rows are shown, and no published table has them in clear.

"""


_READ: Mapping[str, str] = MappingProxyType(
    {
        "id": "text, compared exactly after trimming",
        "name": "text, trimmed, full-width characters made plain (NFKC)",
        "text": "text as it came, trimmed",
        "email": "an address, made lower case",
        "phone": "a number as dialled in the row's country, else the source's; made E.164 if one is known",
        "country": "an ISO 3166-1 code, or a name in English, Chinese or German; made the two-letter code",
        "currency": "an ISO 4217 code, or an unambiguous word such as 人民币 or US$; the source's if empty",
        "choice": "one of the values listed",
        "amount": "money in major units: `1234.5`, `1,234.50`",
        "number": "a decimal number",
        "quantity": "a decimal number",
        "rate": "a decimal number",
        "integer": "a whole number: `9`, `9.0`",
        "boolean": "true, yes, y, 1, on, 是; false, no, n, 0, off, 否",
        "date": "`2026-01-31`, `2026/1/31`, `20260131`, `2026年1月31日`, or the day of a date and time",
        "timestamp": "a date and time, with offset or in the source's time zone; kept in UTC",
    }
)


def render() -> str:
    """The text of the page."""
    types = ["| type | what is read | kept as |", "|---|---|---|"]
    types += [f"| {name} | {_READ[name]} | {kept} |" for name, kept in SQL_TYPES.items()]
    lines = ["", "| table | 名称 | key | rows |", "|---|---|---|---|"]
    lines += [
        f"| [{table.name}](#{table.name}) | {table.name_zh} | {', '.join(table.key)} | {table.description} |"
        for table in TABLES.values()
    ]
    sections = map(_section, TABLES.values())
    return _INTRODUCTION + "\n".join([*types, *lines, "", *sections])


def _section(table: Table) -> str:
    head = [f"## {table.name}", "", f"{table.name_zh}. {table.description}", ""]
    rows = ["| column | 名称 | type | | meaning |", "|---|---|---|---|---|"]
    return "\n".join([*head, *rows, *(_row(table, column) for column in table.columns), ""])


def _row(table: Table, column: Column) -> str:
    meaning = [column.description]
    if column.values:
        meaning.append(f"One of {', '.join(f'`{value}`' for value in column.values)}.")
    if column.references:
        meaning.append(f"Refers to [{column.references}](#{column.references}).")
    name, marks = f"`{column.name}`", ", ".join(_marks(table, column))
    return f"| {name} | {column.name_zh} | {column.type} | {marks} | {' '.join(meaning)} |"


def _marks(table: Table, column: Column) -> list[str]:
    key = "key, may be empty" if column.name in table.key_may_be_empty else "**key**"
    said = {
        key: column.name in table.key,
        "required": column.is_required and column.name not in table.key,
        "personal": column.is_personal,
    }
    return [mark for mark, holds in said.items() if holds]


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
