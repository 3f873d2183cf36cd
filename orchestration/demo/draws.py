"""Random draws that depend on nothing but the seed and the name of what is drawn."""

from collections.abc import Sequence
from zlib import crc32

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]


def stream(seed: int, name: str) -> np.random.Generator:
    """A generator of its own for each name, so that one part's draws never shift another's."""
    return np.random.default_rng([seed, crc32(name.encode())])


def pick(
    rng: np.random.Generator,
    options: Sequence[str],
    count: int,
    shares: Sequence[float] | None = None,
) -> pl.Series:
    """So many of the options, evenly or by their shares."""
    return pl.Series(options, dtype=pl.String).gather(positions(rng, len(options), count, shares))


def positions(
    rng: np.random.Generator,
    options: int,
    count: int,
    shares: Sequence[float] | None = None,
) -> Integers:
    """So many positions among the options, evenly or by their shares."""
    if shares is None:
        return rng.integers(0, options, count)
    edges = np.cumsum(np.asarray(shares, dtype=np.float64))
    return np.searchsorted(edges / edges[-1], rng.random(count), side="right").astype(np.int64)


def chance(rng: np.random.Generator, probability: float | Floats, count: int) -> Booleans:
    """So many tosses of a coin that falls true with that probability."""
    tossed: Booleans = rng.random(count) < probability
    return tossed


def sample(rng: np.random.Generator, population: int, count: int) -> Integers:
    """So many different positions of a population, in ascending order."""
    return np.sort(rng.permutation(population)[:count]).astype(np.int64)


def where(condition: Booleans, values: Floats | float) -> Floats:
    """The values where the condition holds, nothing (NaN) elsewhere."""
    kept: Floats = np.where(condition, values, np.nan)
    return kept
