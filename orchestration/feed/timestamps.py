"""Dates and instants in text: SQL expressions."""

from orchestration.feed.quoting import literal

_DATE = r"\d{4}[-/]\d{1,2}[-/]\d{1,2}"
_MINUTE = r"\d{1,2}:\d{2}"
_TIME = rf"{_MINUTE}(:\d{{2}}(\.\d+)?)?"
_OFFSET = r"(Z|[+-]\d{2}(:?\d{2})?)"
_FIRST_DAY = "1900-01-01"
_LAST_DAY = "2200-12-31"


def iso(text: str) -> str:
    """A date or timestamp spelled the Chinese way, compactly or without seconds, as ISO 8601 spells it."""
    chinese = rf"regexp_replace({text}, '^(\d{{4}})年(\d{{1,2}})月(\d{{1,2}})日 *', '\1-\2-\3 ')"
    compact = rf"regexp_replace({text}, '^(\d{{4}})(\d{{2}})(\d{{2}})$', '\1-\2-\3')"
    # DuckDB wants seconds before an offset, and the offset beside them.
    with_seconds = rf"regexp_replace({text}, '({_MINUTE}) ?{_OFFSET}$', '\1:00\2')"
    beside = rf"regexp_replace({text}, ' {_OFFSET}$', '\1')"
    return f"""case
        when regexp_full_match({text}, '{_DATE}([T ]{_TIME})?') then {text}
        when contains({text}, '年') then trim({chinese})
        when regexp_full_match({text}, '\\d{{8}}') then {compact}
        when regexp_full_match({text}, '{_DATE}[T ]{_MINUTE} ?{_OFFSET}') then {with_seconds}
        when regexp_full_match({text}, '{_DATE}[T ]{_TIME} {_OFFSET}') then {beside}
        else {text} end"""


def month_as_date(text: str) -> str:
    """A month, '2025-03', as its first day; anything else as it is."""
    dashed = rf"regexp_replace({text}, '^(\d{{4}})[-/年](\d{{1,2}})月?$', '\1-\2-01')"
    return f"case when length({text}) < 9 then {dashed} else {text} end"


def date(text: str) -> str:
    """The day that an ISO date or timestamp states; null if it is none or outside 1900 to 2200."""
    return day_in_range(rf"try_cast(regexp_extract({text}, '^({_DATE})([T ]{_TIME}({_OFFSET})?)?$', 1) as date)")


def day_in_range(day: str) -> str:
    """A day of the years 1900 to 2200; null for any other."""
    return f"case when {day} between date '{_FIRST_DAY}' and date '{_LAST_DAY}' then {day} end"


def local_time(text: str) -> str:
    """The wall-clock time that a text without offset states; null if it has one or states none."""
    return f"case when regexp_full_match({text}, '{_DATE}([T ]{_TIME})?') then try_cast({text} as timestamp) end"


def stated_instant(text: str) -> str:
    """The instant that a text with offset states, as naive UTC; null if it states none."""
    stated = f"timezone('UTC', try_cast({text} as timestamptz))"
    return f"case when regexp_full_match({text}, '{_DATE}[T ]{_TIME}{_OFFSET}') then {stated} end"


def local_instant(local: str, zone: str) -> str:
    """The instant, as naive UTC, at which clocks of a zone show a local time.

    A time that the zone skips is moved forward. Of a time that comes twice DuckDB takes the second; the
    first is what clocks showed under the offset of three hours before, if they really showed it.
    """
    if zone == "UTC":
        return local
    named = literal(zone)
    second = f"make_timestamp(epoch_us(timezone({named}, {local})))"
    first = f"make_timestamp(epoch_us(timezone({named}, {local} - interval 3 hour))) + interval 3 hour"
    shown = f"timezone({named}, timezone('UTC', {first}))"
    return f"""case when {first} < {second}
        then case when {shown} = {local} then {first} else {second} end
        else {second} end"""


def in_range(instant: str) -> str:
    """An instant of the years 1900 to 2200; null for any other."""
    bounds = f"timestamp '{_FIRST_DAY} 00:00:00' and timestamp '{_LAST_DAY} 23:59:59.999999'"
    return f"case when {instant} between {bounds} then {instant} end"
