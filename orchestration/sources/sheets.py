"""Excel sheets: every cell as the text that a person sees."""

import re
from pathlib import Path

import fastexcel
import polars as pl

from orchestration.settings import TableSettings
from orchestration.sources.parts import checked_names, quoted
from orchestration.sources.unreadable import Unreadable

_COMPOUND_FILE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# A day is kept at its midnight, a time of day on the day before Excel's first.
_MIDNIGHT = r"^(\d{4}-\d{2}-\d{2}) 00:00:00$"
_TIME_OF_DAY = r"^1899-12-3[01] (\d{2}:\d{2}:\d{2})$"


def relation(name: str, book: Path, settings: TableSettings) -> tuple[str, str]:
    """SQL for the rows of the stated or first sheet, every cell text; and that sheet's name."""
    sheet, cells = _cells(name, book, settings.sheet)
    cells = _without_empty_edge(cells)
    if not cells.width:
        raise Unreadable(f"{name}: the sheet '{sheet}' is empty: not even a header; name another with `sheet`")
    if settings.header is False:
        names = [f"column{number}" for number in range(1, cells.width + 1)]
    else:
        names = checked_names(name, [value or "" for value in cells.row(0)])
        cells = cells[1:]
    target = book.with_name("sheet.parquet")
    filled = cells.filter(~pl.all_horizontal(pl.all().is_null()))
    filled.rename(dict(zip(filled.columns, names, strict=True))).write_parquet(target)
    return f"read_parquet({quoted(target)})", sheet


def _cells(name: str, book: Path, wanted: str | None) -> tuple[str, pl.DataFrame]:
    with book.open("rb") as file:
        if file.read(len(_COMPOUND_FILE)) == _COMPOUND_FILE:
            remedy = "save it as .xlsx without a password"
            raise Unreadable(f"{name} is protected by a password or of the old .xls format; {remedy}")
    try:
        opened = fastexcel.read_excel(book)
        if wanted is not None and wanted not in opened.sheet_names:
            told = ", ".join(f"'{sheet}'" for sheet in opened.sheet_names)
            raise Unreadable(f"{name} has no sheet '{wanted}'; set `sheet` to one of {told}")
        sheet = wanted or opened.sheet_names[0]
        loaded = opened.load_sheet(sheet, header_row=None, dtypes="string")
    except fastexcel.FastExcelError as error:
        what = re.sub(r"\s+", " ", str(error).split("Context:")[0])[:200].strip()
        raise Unreadable(f"{name} is not a whole Excel workbook ({what}); save and deliver it again") from error
    frame = loaded.to_polars()
    seen = pl.all().cast(pl.String).str.replace(_MIDNIGHT, "$1").str.replace(_TIME_OF_DAY, "$1")
    return sheet, frame.select(seen) if frame.width else frame


def _without_empty_edge(cells: pl.DataFrame) -> pl.DataFrame:
    """Without the columns that only formatting made part of the sheet."""
    return cells.select([column for column in cells.columns if cells[column].null_count() < cells.height])
