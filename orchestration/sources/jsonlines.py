"""JSON lines, already UTF-8: every object a row, every value the text that stands in the file."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.sources.parts import MOST_COLUMNS, checked_names, quoted
from orchestration.sources.unreadable import Unreadable

_BATCH_ROWS = 50_000


class _Number(str):
    """A number as it is written: 19 digits and trailing zeros are not to be lost."""

    __slots__ = ()


def _refused_constant(constant: str) -> str:
    raise ValueError(f"{constant} is not JSON")


_DECODER = json.JSONDecoder(parse_int=_Number, parse_float=_Number, parse_constant=_refused_constant)


def relation(name: str, text: Path, columns_if_empty: Sequence[str]) -> str:
    """SQL for the rows, with the keys of all lines as columns; without any line, the given columns."""
    keys: dict[str, None] = {}
    pieces = []
    for number, rows in enumerate(_batches(name, text, keys)):
        piece = text.with_name(f"lines-{number:06d}.parquet")
        names = list(dict.fromkeys(key for row in rows for key in row)) or list(columns_if_empty)
        arrays = [pa.array([row.get(key) for row in rows], pa.string()) for key in names]
        pq.write_table(pa.table(dict(zip(names, arrays, strict=True))), piece)
        pieces.append(quoted(piece))
    checked_names(name, list(keys))
    return f"read_parquet([{', '.join(pieces)}], union_by_name = true)"


def _batches(name: str, text: Path, keys: dict[str, None]) -> Iterator[list[dict[str, str | None]]]:
    """Rows in batches, at least one, while `keys` gathers every key in order of appearance."""
    rows: list[dict[str, str | None]] = []
    is_written = False
    with text.open(encoding="utf-8", newline="\n") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            row = _row(name, number, line)
            keys.update(dict.fromkeys(row))
            if len(keys) > MOST_COLUMNS:
                remedy = "names must be the same in all lines"
                raise Unreadable(f"{name}: more than {MOST_COLUMNS} names by line {number}; {remedy}")
            rows.append(row)
            if len(rows) == _BATCH_ROWS:
                yield rows
                rows, is_written = [], True
    if rows or not is_written:
        yield rows


def _row(name: str, number: int, line: str) -> dict[str, str | None]:
    try:
        found = _DECODER.decode(line)
    except (ValueError, RecursionError):
        raise Unreadable(f"{name}: line {number} is not JSON; every line must be one whole object") from None
    if not isinstance(found, dict):
        raise Unreadable(f"{name}: line {number} is JSON but no object; every line must be one whole object")
    try:
        return {key: _text(value) for key, value in found.items()}
    except UnicodeEncodeError:
        raise Unreadable(f"{name}: line {number} holds half a character (\\ud800); correct it") from None


def _text(value: object) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else _json(value)
    text.encode()
    return str(text)


def _json(value: object) -> str:
    """A nested value as JSON text, its numbers as they are written."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_json(key)}: {_json(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_json(item) for item in value) + "]"
    return str(value) if isinstance(value, _Number) else json.dumps(value, ensure_ascii=False)
