"""A demo company that was generated once, and its files read back by other means than it was written."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from orchestration.demo import DemoSummary, generate
from orchestration.demo.layout import DELIVERIES, Delivery

# Large enough for at least three flaws of every kind.
CUSTOMERS = 3000


@dataclass(frozen=True)
class Generated:
    """A generated company: its folder, and every table under the feed's names."""

    path: Path
    summary: DemoSummary
    tables: Mapping[str, pl.DataFrame]

    def truth(self, name: str) -> pl.DataFrame:
        return pl.read_csv(self.path / "truth" / f"{name}.csv", infer_schema_length=None)

    def fact(self, name: str) -> Any:
        return json.loads((self.path / "truth" / f"{name}.json").read_text("utf-8"))


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Generated:
    path = tmp_path_factory.mktemp("company")
    summary = generate(path, customers=CUSTOMERS)
    return Generated(path, summary, {of.name: read(path, of) for of in DELIVERIES})


def read(path: Path, delivery: Delivery) -> pl.DataFrame:
    """A table as it was sent, text where its format knows only text, with the feed's column names."""
    file = path / delivery.system.name / delivery.file
    if delivery.format == "parquet":
        frame = pl.read_parquet(file)
    elif delivery.format == "jsonl":
        frame = pl.read_ndjson(file, infer_schema_length=None)
    elif delivery.format == "xlsx":
        frame = pl.read_excel(file, infer_schema_length=0)
    else:
        text = StringIO(file.read_bytes().decode(delivery.encoding))
        frame = pl.read_csv(text, separator=delivery.delimiter, infer_schema=False)
    names = {header: name for name, header in delivery.headers.items()}
    return frame.rename({header: names[header] for header in frame.columns if header in names})
