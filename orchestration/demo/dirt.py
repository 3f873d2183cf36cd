"""Planting known numbers of flaws in clean rows, and keeping the list of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from orchestration.demo.draws import Booleans, Integers
from orchestration.demo.flaws import Flaw

SHARE = 0.002
LEAST = 3
REFUSED_AT_MOST = 0.04
_NOTHING = pl.DataFrame(
    schema={
        "position": pl.Int64,
        "kind": pl.String,
        "expected_demand": pl.String,
        "expected_outcome": pl.String,
    },
)


@dataclass(frozen=True)
class Soiled:
    """The rows as they are sent, and one row per planted flaw (position, counted from 0)."""

    frame: pl.DataFrame
    planted: pl.DataFrame


def soil(frame: pl.DataFrame, flaws: Sequence[Flaw], rng: np.random.Generator, key: Sequence[str]) -> Soiled:
    """Plant so many of each flaw, never two in one row, added rows last."""
    count = _count(frame.height, flaws)
    taken = np.zeros(frame.height, bool)
    soiled = frame
    added: list[pl.DataFrame] = []
    planted = [_NOTHING]
    # A version added to a key of several could be older than another: only keys written once get one.
    once = frame.select(pl.struct(key).is_unique()).to_series().to_numpy()
    # Copies are taken of clean rows, so they come before anything is spoilt.
    for flaw in sorted(flaws, key=lambda flaw: not flaw.is_added):
        spoilt = _spoilt(frame, flaw)
        allowed = ~taken & frame.select(flaw.is_possible.fill_null(False)).to_series().to_numpy()
        at = _chosen(rng, allowed & once if flaw.is_added else allowed, count)
        taken[at] = True
        if flaw.is_added:
            where = frame.height + sum(rows.height for rows in added) + np.arange(len(at))
            added.append(spoilt[at])
        else:
            where = at
            soiled = _replaced(soiled, spoilt, at, list(flaw.values))
        planted.append(_entry(flaw, where))
    whole = pl.concat([soiled, *added])
    return Soiled(whole, _with_keys(pl.concat(planted), whole, key))


def _count(rows: int, flaws: Sequence[Flaw]) -> int:
    """How many of each: in proportion to the rows, a few at least, and never too many refused."""
    refused = sum(flaw.outcome == "refused" for flaw in flaws)
    return min(max(LEAST, round(rows * SHARE)), int(rows * REFUSED_AT_MOST) // max(refused, 1))


def _chosen(rng: np.random.Generator, allowed: Booleans, count: int) -> Integers:
    return np.sort(rng.permutation(np.flatnonzero(allowed))[:count])


def _spoilt(frame: pl.DataFrame, flaw: Flaw) -> pl.DataFrame:
    """All rows as they would be with the flaw."""
    spoilt = frame.with_columns(**flaw.values)
    return spoilt.with_columns(_typed(spoilt[column], frame.schema[column]) for column in flaw.values)


def _typed(values: pl.Series, dtype: pl.DataType) -> pl.Series:
    """What was written as text, as a native type where the column has one."""
    if dtype == pl.Datetime and values.dtype == pl.String:
        return values.str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us")
    return values.cast(dtype)


def _replaced(frame: pl.DataFrame, spoilt: pl.DataFrame, at: Integers, columns: Sequence[str]) -> pl.DataFrame:
    return frame.with_columns(frame[column].scatter(at, spoilt[column].gather(at)) for column in columns)


def _entry(flaw: Flaw, where: Integers) -> pl.DataFrame:
    return pl.DataFrame({"position": where}, schema={"position": pl.Int64}).with_columns(
        pl.lit(flaw.kind).alias("kind"),
        pl.lit(flaw.demand).alias("expected_demand"),
        pl.lit(flaw.outcome).alias("expected_outcome"),
    )


def _with_keys(planted: pl.DataFrame, frame: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    """Each entry with the key that its row has now, empty parts left empty."""
    parts = [pl.col(name).cast(pl.String).fill_null("") for name in key]
    keys = frame.select(pl.concat_str(parts, separator="|")).to_series()
    return planted.with_columns(keys.gather(planted["position"]).alias("row_key"))
