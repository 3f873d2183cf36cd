"""What is known of buyers, as counted cells: people with one history are one cell."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]
# A count of everything up to here is a small array.
MOST_COUNTED = 4_000_000
# As many tell nearly what millions do, in a moment.
FEW_CELLS = 10_000


def dot(left: Numbers, right: Numbers) -> float:
    """The sum of products, on one thread: a BLAS that starts many costs more than it saves at this size."""
    return float(np.einsum("i,i->", left, right))


class CannotFit(ValueError):
    """The data cannot say what the model asks; tells what is missing."""


@dataclass(frozen=True)
class Cells:
    """Buyers by how often they came back and when, sorted; times are in one unit, days where a run fits.

    `frequency` is the number of days with an order after the first (x), `recency` the time from the first to the
    last of them (t_x, 0 without any), `age` the time from the first to the day of observation (T), and
    `customer_count` how many buyers each cell holds. All are one-dimensional and of one length.
    """

    frequency: Numbers
    recency: Numbers
    age: Numbers
    customer_count: Numbers

    def __post_init__(self) -> None:
        """Refuse what no buyer can have done."""
        wrong = (self.frequency < 0) | (self.recency < 0) | (self.recency > self.age)
        wrong |= (self.frequency == 0) & (self.recency > 0)
        wrong |= ~np.isfinite(self.frequency + self.recency + self.age)
        if wrong.any():
            raise CannotFit(
                f"{int(wrong.sum())} cells are no histories: let 0 <= recency <= age, "
                "and recency be 0 where there was no repeat order"
            )

    @property
    def total(self) -> float:
        """How many buyers there are."""
        return float(self.customer_count.sum())

    def demand_repeats(self) -> None:
        """Refuse what no model of repeat buying can be fitted to."""
        if not dot(self.frequency, self.customer_count) > 0:
            raise CannotFit("nobody has ordered again on a later day, so the data say nothing of repeat orders")


def cells_of(
    frequency: npt.ArrayLike, recency: npt.ArrayLike, age: npt.ArrayLike, customer_count: npt.ArrayLike | None = None
) -> Cells:
    """The distinct histories among these and how many share each."""
    columns = [np.asarray(of, dtype=np.float64) for of in (frequency, recency, age)]
    weights = np.ones(len(columns[0])) if customer_count is None else np.asarray(customer_count, dtype=np.float64)
    if not _is_sorted(columns):
        order = np.lexsort(columns[::-1])
        columns, weights = [of[order] for of in columns], weights[order]
    is_new = np.concatenate([[True], np.any([of[1:] != of[:-1] for of in columns], axis=0)])[: len(weights)]
    if is_new.all():
        return Cells(columns[0], columns[1], columns[2], weights)
    first = np.flatnonzero(is_new)
    return Cells(columns[0][first], columns[1][first], columns[2][first], np.add.reduceat(weights, first))


def _is_sorted(columns: Sequence[Numbers]) -> bool:
    """Whether the rows are in the order of these columns already, as those that SQL has sorted are."""
    is_after = np.ones(max(len(columns[0]) - 1, 0), dtype=bool)
    for of in columns[::-1]:
        is_after = (of[1:] > of[:-1]) | ((of[1:] == of[:-1]) & is_after)
    return bool(is_after.all())


def distinct(values: Numbers) -> tuple[Numbers, Places]:
    """The distinct values in order, and where each stands among them; whole numbers are counted instead of sorted."""
    if len(values) and values.min() >= 0 and values.max() <= MOST_COUNTED:
        whole = values.astype(np.intp)
        if (whole == values).all():
            is_there = np.bincount(whole) > 0
            return np.flatnonzero(is_there).astype(np.float64), (np.cumsum(is_there) - 1)[whole]
    found, places = np.unique(values, return_inverse=True)
    return found, places


def coarse(cells: Cells, most: int = FEW_CELLS, step: float = 7.0) -> Cells:
    """Fewer cells that say nearly the same, sorted: histories of one week, or of more, as one at their mean."""
    while len(cells.age) > most and step < most:
        cells, step = _coarser(cells, step), 2 * step
    return cells


def _coarser(cells: Cells, step: float) -> Cells:
    code = cells.frequency
    for of in (np.floor(cells.recency / step), np.floor(cells.age / step)):
        code = code * (of.max() + 1) + of
    _, places = distinct(code)

    def total(of: Numbers) -> Numbers:
        return np.bincount(places, weights=cells.customer_count * of).astype(np.float64)

    count = total(np.ones(len(code)))
    recency, age = total(cells.recency) / count, total(cells.age) / count
    return Cells(np.round(total(cells.frequency) / count), recency, np.maximum(age, recency), count)
