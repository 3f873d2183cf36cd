"""Writing a table as its system would send it: encoding, clock, words for yes and no."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import xlsxwriter  # type: ignore[import-untyped]
import yaml

from orchestration.demo.layout import ZONED, Delivery
from orchestration.feed import TABLES

# What a workbook says about when it was made.
_MADE_AT = datetime(2026, 1, 1, tzinfo=UTC)


def worded(frame: pl.DataFrame, delivery: Delivery) -> pl.DataFrame:
    """The rows in the system's own form, still under the feed's names and in their order."""
    frame = frame.select(name for name in _columns(delivery) if name in frame.columns)
    if delivery.format == "parquet":
        return frame
    columns = [_worded(pl.col(name), dtype, delivery).alias(name) for name, dtype in frame.schema.items()]
    frame = frame.select(columns)
    if not delivery.every_field:
        return frame
    unused = [pl.lit(None, pl.String).alias(name) for name in _columns(delivery) if name not in frame.columns]
    return frame.with_columns(unused).select(_columns(delivery))


def write(frame: pl.DataFrame, delivery: Delivery, folder: Path) -> None:
    """Write the file or files of a table."""
    renamed = frame.rename({name: header for name, header in delivery.headers.items() if name in frame.columns})
    path = folder / delivery.system.name / delivery.file
    path.parent.mkdir(parents=True, exist_ok=True)
    if delivery.format == "parquet":
        _write_parts(renamed, delivery, path)
    elif delivery.format == "jsonl":
        renamed.write_ndjson(path)
    elif delivery.format == "xlsx":
        _write_sheet(renamed, path, TABLES[delivery.table].name_zh)
    else:
        text = renamed.write_csv(separator=delivery.delimiter)
        path.write_bytes(text.encode(delivery.encoding))


def placed(delivery: Delivery, rows: int) -> list[pl.Expr]:
    """File and number within it (the first data row is 1) of a `position` among so many rows, from 0."""
    position = pl.col("position")
    if delivery.parts == 1:
        return [pl.lit(delivery.file).alias("file"), (position + 1).alias("row_number")]
    size = _part_size(delivery, rows)
    folder = delivery.file.removesuffix("*.parquet")
    file = pl.format(folder + "part-{}.parquet", position // size)
    return [file.alias("file"), (position % size + 1).alias("row_number")]


def write_truth(tables: dict[str, pl.DataFrame], facts: dict[str, Any], folder: Path) -> None:
    """What really holds, beside what the systems send."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in tables.items():
        frame.write_csv(folder / f"{name}.csv")
    for name, value in facts.items():
        text = json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True)
        (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def write_configuration(configuration: dict[str, Any], path: Path) -> None:
    """The configuration as YAML."""
    text = yaml.safe_dump(configuration, allow_unicode=True, sort_keys=False)
    path.write_text(text, encoding="utf-8")


def _columns(delivery: Delivery) -> Sequence[str]:
    return TABLES[delivery.table].column_names


def _worded(column: pl.Expr, dtype: pl.DataType, delivery: Delivery) -> pl.Expr:
    if dtype == pl.Datetime:
        zone = "UTC" if delivery.timestamps == ZONED else delivery.system.timezone
        local = column.dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
        return local.dt.strftime(delivery.timestamps)
    # JSON has numbers and truth values of its own.
    if delivery.format == "jsonl" and (dtype == pl.Boolean or dtype.is_integer()):
        return column
    if dtype == pl.Boolean:
        yes, no = delivery.booleans
        return pl.when(column).then(pl.lit(yes)).when(~column).then(pl.lit(no))
    return column.cast(pl.String)


def _write_parts(frame: pl.DataFrame, delivery: Delivery, path: Path) -> None:
    if delivery.parts == 1:
        frame.write_parquet(path)
        return
    size = _part_size(delivery, frame.height)
    for part in range(delivery.parts):
        frame.slice(part * size, size).write_parquet(path.parent / f"part-{part}.parquet")


def _part_size(delivery: Delivery, rows: int) -> int:
    """Rows in each part but the last."""
    return -(-rows // delivery.parts)


def _write_sheet(frame: pl.DataFrame, path: Path, sheet: str) -> None:
    with xlsxwriter.Workbook(path) as workbook:
        workbook.set_properties({"created": _MADE_AT})
        frame.write_excel(workbook, sheet)
