"""What came of making the demo company."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path


@dataclass(frozen=True)
class DemoSummary:
    """Where the demo company is and how large; `rows` and `flaws` are by system and table."""

    path: Path
    customers: int
    seed: int
    end: date
    rows: Mapping[str, int]
    flaws: Mapping[str, Mapping[str, int]]
