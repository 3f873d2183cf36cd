"""Delimited text, already UTF-8: its delimiter, its header, and its rows as text."""

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestration.settings import TableSettings
from orchestration.sources.encodings import LONGEST_LINE
from orchestration.sources.parts import checked_names, quoted
from orchestration.sources.unreadable import Unreadable

_DELIMITERS = ",;\t|"
_SPELLED = {"\\t": "\t", "tab": "\t"}
_LOOK_CHARACTERS = 1 << 20
_LOOK_LINES = 20
_BUFFER_BYTES = 2 * LONGEST_LINE


@dataclass(frozen=True)
class Dialect:
    """How the text is to be cut into rows and columns; `skipped` lines come before the header."""

    delimiter: str
    quote: str
    has_header: bool
    skipped: int
    names: tuple[str, ...]

    def found(self) -> Mapping[str, object]:
        """What the manifest says of it."""
        return {"delimiter": self.delimiter, "quote": self.quote, "header": self.has_header}


def find_dialect(name: str, text: Path, settings: TableSettings) -> Dialect:
    """The stated dialect, completed by a look at the first lines."""
    with text.open(encoding="utf-8", newline="\n") as file:
        look = file.read(_LOOK_CHARACTERS)
    above = re.match(r"\n*(?:sep=(.)\n+)?", look)
    skipped = above.group(0).count("\n") if above else 0
    look = look[above.end() :] if above else look
    if not look:
        raise Unreadable(f"{name} is empty: not even a header; deliver it with its header")
    quote = '"' if settings.quote is None else settings.quote
    stated = settings.delimiter or (above.group(1) if above else None)
    if stated is None and name.lower().removesuffix(".gz").endswith(".tsv"):
        stated = "\t"
    delimiter = _SPELLED.get(stated, stated) if stated else _likely_delimiter(look, quote)
    _check_single(name, delimiter=delimiter, quote=quote)
    first = _first_record(name, look, delimiter, quote)
    has_header = settings.header is not False
    names = first if has_header else [f"column{number}" for number in range(1, len(first) + 1)]
    return Dialect(delimiter, quote, has_header, skipped, tuple(checked_names(name, names)))


def relation(text: Path, dialect: Dialect) -> str:
    """SQL for the rows, every column text, with nothing left for the engine to guess."""
    columns = ", ".join(f"{quoted(name)}: 'VARCHAR'" for name in dialect.names)
    options = {
        "auto_detect": "false",
        "delim": quoted(dialect.delimiter),
        "quote": quoted(dialect.quote),
        "escape": quoted(dialect.quote),
        "header": str(dialect.has_header).lower(),
        "skip": str(dialect.skipped),
        "columns": f"{{{columns}}}",
        "strict_mode": "true",
        "null_padding": "false",
        "max_line_size": str(LONGEST_LINE),
        "buffer_size": str(_BUFFER_BYTES),
    }
    told = ", ".join(f"{option} = {value}" for option, value in options.items())
    return f"read_csv({quoted(text)}, {told})"


def explain(message: str) -> str:
    """The engine's complaint in one sentence, without the line itself: it may be personal."""
    line = re.search(r"CSV Error on Line: (\d+)", message)
    where = f"line {line.group(1)}" if line else "a line"
    counts = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", message)
    if counts:
        what = f"has {counts.group(2)} columns where the header has {counts.group(1)}"
        return f"{where} {what}; quote values that hold the delimiter, or complete the line"
    if "quote" in message:
        return f"{where} holds a quote that is not closed, or not doubled within a value; deliver it whole"
    if re.search("maximum line size", message, re.I):
        return f"{where} is longer than {LONGEST_LINE >> 20} MB; look for a quote that is not closed"
    return f"{where} is malformed ({message.splitlines()[0][:200]}); correct or deliver it again"


def _check_single(name: str, *, delimiter: str, quote: str) -> None:
    if len(delimiter) != 1 or delimiter == quote:
        raise Unreadable(f"{name}: the delimiter '{delimiter}' cannot be used; state one character, or tab")
    if len(quote) > 1:
        raise Unreadable(f"{name}: the quote '{quote}' cannot be used; state one character, or nothing")


def _likely_delimiter(look: str, quote: str) -> str:
    """The delimiter that cuts the first lines most evenly, the header first of all."""
    lines = [_unquoted(line, quote) for line in look.split("\n")[:_LOOK_LINES] if line]
    header = {delimiter: lines[0].count(delimiter) for delimiter in _DELIMITERS} if lines else {}
    used = [delimiter for delimiter in _DELIMITERS if header.get(delimiter)]

    def evenness(delimiter: str) -> tuple[int, int]:
        even = sum(line.count(delimiter) == header[delimiter] for line in lines)
        return even, header[delimiter]

    return max(used, key=evenness, default=",")


def _unquoted(line: str, quote: str) -> str:
    return re.sub(f"{re.escape(quote)}[^{re.escape(quote)}]*{re.escape(quote)}", "", line) if quote else line


def _first_record(name: str, look: str, delimiter: str, quote: str) -> list[str]:
    if quote:
        reader = csv.reader(io.StringIO(look, newline="\n"), delimiter=delimiter, quotechar=quote, strict=True)
    else:
        reader = csv.reader(io.StringIO(look, newline="\n"), delimiter=delimiter, quoting=csv.QUOTE_NONE)
    try:
        return next(reader)
    except csv.Error as error:
        raise Unreadable(f"{name}: its first line cannot be understood as a header ({error}); correct it") from error
