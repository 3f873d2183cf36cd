"""The CDNOW sample, read plainly: one row per record of the file, and per customer what models ask."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from orchestration.settings import PROJECT_ROOT
from orchestration.value.cells import Cells, cells_of
from orchestration.value.spending import Spenders

DATA = Path(os.environ.get("LIFECYCLE_DATA", PROJECT_ROOT.parent / "shared" / "data"))
FILE = DATA / "cdnow_sample" / "CDNOW_sample.txt"
FIRST_DAY = np.datetime64("1997-01-01")
END = int((np.datetime64("1997-09-30") - FIRST_DAY).astype(int))
HOLDOUT_END = int((np.datetime64("1998-06-30") - FIRST_DAY).astype(int))


@dataclass(frozen=True)
class Sample:
    """Records: customer, day counted from the first of 1997, value."""

    customer: NDArray
    day: NDArray
    value: NDArray

    @cached_property
    def days(self) -> "Sample":
        """One record per customer and day."""
        keys = self.customer.astype(np.int64) * 10_000 + self.day
        distinct, places = np.unique(keys, return_inverse=True)
        return Sample(distinct // 10_000, distinct % 10_000, np.bincount(places, weights=self.value))

    def until(self, end: int) -> "Sample":
        kept = self.day <= end
        return Sample(self.customer[kept], self.day[kept], self.value[kept])

    def of(self, kept: NDArray) -> "Sample":
        return Sample(self.customer[kept], self.day[kept], self.value[kept])

    @cached_property
    def firsts(self) -> NDArray:
        """Where each customer's first record stands."""
        return np.flatnonzero(np.diff(self.customer, prepend=-1))

    @property
    def frequency(self) -> NDArray:
        return np.diff(self.firsts, append=len(self.customer)) - 1

    @property
    def first_day(self) -> NDArray:
        return self.day[self.firsts]

    @property
    def last_day(self) -> NDArray:
        return np.maximum.reduceat(self.day, self.firsts)

    def recency(self, unit: float = 7) -> NDArray:
        return (self.last_day - self.first_day) / unit

    def age(self, unit: float = 7) -> NDArray:
        return (END - self.first_day) / unit

    def cells(self, unit: float = 7) -> Cells:
        return cells_of(self.frequency, self.recency(unit), self.age(unit))

    @property
    def mean_repeat_value(self) -> NDArray:
        """Of the records after the first; not-a-number without any."""
        repeats = np.add.reduceat(self.value, self.firsts) - self.value[self.firsts]
        return repeats / np.where(self.frequency > 0, self.frequency, np.nan)

    @property
    def spenders(self) -> Spenders:
        kept = self.mean_repeat_value > 0
        return spenders(self.frequency[kept], self.mean_repeat_value[kept])


def spenders(frequency: NDArray, mean: NDArray) -> Spenders:
    return Spenders(frequency.astype(float), mean, np.ones(len(mean)))


def read() -> Sample:
    rows: Sequence[Sequence[str]] = [line.split() for line in FILE.read_text(encoding="ascii").splitlines()]
    dates = [np.datetime64(f"{row[2][:4]}-{row[2][4:6]}-{row[2][6:]}") for row in rows]
    customers, values = np.array([int(row[1]) for row in rows]), np.array([float(row[4]) for row in rows])
    days = (np.array(dates) - FIRST_DAY).astype(int)
    order = np.lexsort([days, customers])
    return Sample(customers[order], days[order], values[order])


def calibration(sample: Sample) -> Sample:
    """One record per customer and day up to the end of September 1997."""
    return sample.days.until(END)


def holdout_orders(sample: Sample) -> NDArray:
    """Order days of each customer in the 39 weeks after."""
    days = sample.days
    later = days.of((days.day > END) & (days.day <= HOLDOUT_END))
    customers = calibration(sample).customer[calibration(sample).firsts]
    return np.searchsorted(later.customer, customers, "right") - np.searchsorted(later.customer, customers, "left")
