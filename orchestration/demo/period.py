"""The three years that the demo company looks back on."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl

from orchestration.demo.draws import Floats

DAY = 86_400.0
YEARS = 3
# The company closes its books by the clock of Shanghai, eight hours ahead of UTC.
SHANGHAI_OFFSET = 8 * 3_600.0

# Share of a day's business done by each full hour of the local day.
_HOURS = np.arange(25, dtype=np.float64)
_BUSINESS_BY_HOUR = np.concatenate(
    ([0.0], np.cumsum([1, 1, 1, 1, 1, 1, 2, 4, 6, 7, 7, 7, 8, 7, 6, 6, 7, 8, 9, 10, 10, 8, 5, 2])),
)


@dataclass(frozen=True)
class Period:
    """Three years up to the close of a local day; instants are seconds since 1970 in UTC."""

    end: date

    @property
    def first_day(self) -> date:
        """First local day."""
        return self.end - timedelta(days=YEARS * 365)

    @property
    def opens_at(self) -> float:
        """First instant of the first local day."""
        return _midnight(self.first_day)

    @property
    def closes_at(self) -> float:
        """Last second of the last local day."""
        return _midnight(self.end) + DAY - 1

    @property
    def day_count(self) -> int:
        """Number of local days."""
        return (self.end - self.first_day).days + 1

    def days(self) -> pl.Series:
        """Every local day."""
        return pl.date_range(self.first_day, self.end, eager=True)

    def months(self) -> pl.Series:
        """First day of every month touched."""
        return pl.date_range(self.first_day.replace(day=1), self.end, "1mo", eager=True)

    def known(self, seconds: Floats) -> Floats:
        """The instants, but nothing for those after the close."""
        happened: Floats = np.where(seconds <= self.closes_at, seconds, np.nan)
        return happened


@dataclass(frozen=True)
class Season:
    """How business moves over the year: a clock that runs fast when customers are busy.

    Business days are days of average business; both ways of conversion keep the order of instants.
    """

    period: Period
    edges: Floats

    @property
    def length(self) -> float:
        """Business days from opening to close."""
        return float(self.edges[-1])

    def seconds(self, business_days: Floats, utc_offset_hours: Floats | float = 8.0) -> Floats:
        """Instants of points in business time, at an hour that suits the customer's own clock."""
        day = np.interp(business_days, self.edges, np.arange(len(self.edges), dtype=np.float64))
        instant = self.period.opens_at + day * DAY
        return np.minimum(at_waking_hours(instant, utc_offset_hours), self.period.closes_at)


def season(period: Period) -> Season:
    """The mild season of the company: Singles' Day, Christmas, a slack Chinese new year and summer."""
    day = period.days()
    month, of_month = day.dt.month().to_numpy(), day.dt.day().to_numpy()
    pace = np.ones(period.day_count)
    pace[(month == 11) & (of_month <= 12)] = 1.5
    pace[(month == 11) & (of_month == 11)] = 3.0
    pace[(month == 12) & (of_month <= 23)] = 1.3
    pace[(month == 2) & (of_month <= 14)] = 0.75
    pace[(month == 7) | (month == 8)] = 0.92
    pace *= period.day_count / pace.sum()
    return Season(period, np.concatenate(([0.0], np.cumsum(pace))))


def at_waking_hours(instant: Floats, utc_offset_hours: Floats | float) -> Floats:
    """The same local days in the same order, at hours when people are awake."""
    local = instant + np.asarray(utc_offset_hours) * 3_600.0
    midnight = np.floor(local / DAY) * DAY
    share = (local - midnight) / DAY * _BUSINESS_BY_HOUR[-1]
    hour = np.interp(share, _BUSINESS_BY_HOUR, _HOURS)
    moved: Floats = np.floor(instant - local + midnight + hour * 3_600.0)
    return moved


def instants(name: str, seconds: Floats) -> pl.Series:
    """Instants as UTC timestamps without a zone; nothing where there is none."""
    whole = pl.Series(name, np.floor(seconds), nan_to_null=True).cast(pl.Int64)
    return (whole * 1_000_000).cast(pl.Datetime("us"))


def local_dates(name: str, seconds: Floats) -> pl.Series:
    """Days in Shanghai on which the instants fall."""
    return instants(name, seconds + SHANGHAI_OFFSET).dt.date()


def _midnight(day: date) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() - SHANGHAI_OFFSET
