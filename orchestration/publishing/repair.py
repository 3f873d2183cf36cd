"""What a repair changed in the built tables, so that a publication is made from the former one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from orchestration.engine.duckdb import connected

WHOLE = "part-0"
UNDATED = "undated"


def quarter_of(day: str) -> str:
    """SQL of the part of a table that a row with this day belongs to, as in 2026-q1."""
    return f"coalesce(year({day}) || '-q' || quarter({day}), '{UNDATED}')"


@dataclass(frozen=True)
class Repair:
    """The former publication, the file that was built by repairing what it shows, and the repaired tables' keys.

    A repaired table's changed rows stand in the built file as `changed.<table>`: those that went and those
    that came, by the key on which rows were replaced.
    """

    former: Path
    built: Path
    keys: Mapping[str, Sequence[str]]

    @cached_property
    def counts(self) -> Mapping[str, int]:
        """How many rows went or came, per repaired table."""
        with connected(self.built, read_only=True) as connection:
            found = {}
            for name in self.keys:
                row = connection.execute(f'select count(*) from changed."{name}"').fetchone()
                found[name] = int(row[0]) if row else 0
        return found

    def changed_parts(self, name: str, day: str | None) -> set[str] | None:
        """The parts of a table to write anew: quarters by a day's column; None if all of them."""
        if name not in self.keys:
            return None
        if not self.counts[name]:
            return set()
        if day is None:
            return {WHOLE}
        with connected(self.built, read_only=True) as connection:
            rows = connection.execute(f'select distinct {quarter_of(day)} from changed."{name}"').fetchall()
        return {row[0] for row in rows}
