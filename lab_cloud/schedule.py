"""When schedules fire: ``at(...)``, ``rate(...)`` and ``cron(...)``, as AWS writes them. Pure.

References
----------
https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-using-cron-expressions.html
"""

import calendar
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

UNITS = {"minute": 60, "hour": 3600, "day": 86400}
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
FIRST_YEAR, LAST_YEAR = 1970, 2199
SEARCHED_YEARS = 100
"""A cron expression that does not fire within so many years never will."""


class BadSchedule(Exception):  # noqa: N818
    """Not a schedule; the message says what is wrong with it."""


def zone(name: str | None) -> tzinfo:
    """A time zone by its IANA name; UTC when there is none.

    Raises
    ------
    BadSchedule
        When there is no such zone.
    """
    if not name or name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise BadSchedule(f"Unknown time zone {name}; names look like Asia/Ho_Chi_Minh") from None


@dataclass(frozen=True)
class At:
    """Once, at a moment (epoch seconds)."""

    moment: float

    def after(self, now: float) -> float | None:
        """The next moment after `now`; None when there is none."""
        return self.moment if self.moment > now else None


@dataclass(frozen=True)
class Rate:
    """Again and again, every so many seconds, counted from a moment."""

    seconds: int
    start: float = 0.0

    def after(self, now: float) -> float | None:
        """The next moment after `now`."""
        passed = max(now - self.start, 0.0) // self.seconds
        return self.start + (passed + 1) * self.seconds


Days = Callable[[date], bool]


@dataclass(frozen=True)
class Cron:
    """At the moments that a cron expression names.

    Parameters
    ----------
    minutes, hours, months, years : frozenset of int
        When it may fire.
    on_day : callable
        Whether it may fire on a date; the months and years are checked already.
    zone : tzinfo
        In which it is read.
    """

    minutes: frozenset[int]
    hours: frozenset[int]
    months: frozenset[int]
    years: frozenset[int]
    on_day: Days = field(compare=False)
    zone: tzinfo = UTC

    def after(self, now: float) -> float | None:
        """The next moment after `now` (epoch seconds); None when there is none.

        A moment that the clocks skip in spring does not fire; one that comes twice in autumn fires once, the first
        time.
        """
        local = datetime.fromtimestamp(now, self.zone)
        day = local.date() - timedelta(days=1)  # yesterday's late hours may come after now when clocks go back
        last = day.year + SEARCHED_YEARS
        while day.year <= min(last, LAST_YEAR):
            if day.year not in self.years:
                day = date(day.year + 1, 1, 1)
                continue
            if day.month not in self.months:
                day = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
                continue
            if self.on_day(day):
                for moment in self._on(day):
                    if moment > now:
                        return moment
            day += timedelta(days=1)
        return None

    def _on(self, day: date) -> Iterator[float]:
        for hour in sorted(self.hours):
            for minute in sorted(self.minutes):
                made = datetime(day.year, day.month, day.day, hour, minute, tzinfo=self.zone)
                moment = made.timestamp()
                back = datetime.fromtimestamp(moment, self.zone)
                if (back.hour, back.minute) == (hour, minute):
                    yield moment


Schedule = At | Rate | Cron


def parse(text: str, timezone: str | None = None, start: float = 0.0) -> Schedule:
    """Read a schedule.

    Parameters
    ----------
    text : str
        ``at(yyyy-mm-ddThh:mm:ss)``, ``rate(value unit)`` or
        ``cron(minutes hours day-of-month month day-of-week year)``.
    timezone : str, optional
        An IANA name; UTC when not given. A rate has none.
    start : float
        Epoch seconds from which a rate counts.

    Raises
    ------
    BadSchedule
        When it is none of them.
    """
    found = re.fullmatch(r"(at|rate|cron)\((.*)\)", text.strip())
    if found is None:
        raise BadSchedule(f"{text!r} is not at(...), rate(...) or cron(...)")
    where = zone(timezone)
    kind, inside = found[1], found[2].strip()
    if kind == "at":
        return _at(inside, where)
    if kind == "rate":
        return _rate(inside, start)
    return _cron(inside, where)


def _at(text: str, where: tzinfo) -> At:
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", text):
        raise BadSchedule(f"at({text}) must look like at(2026-12-24T18:00:00)")
    try:
        return At(datetime.fromisoformat(text).replace(tzinfo=where).timestamp())
    except ValueError as error:
        raise BadSchedule(f"at({text}): {error}") from None


def _rate(text: str, start: float) -> Rate:
    found = re.fullmatch(r"(\d+)\s+(minute|hour|day)(s?)", text)
    if found is None or not int(found[1]):
        raise BadSchedule(f"rate({text}) must look like rate(5 minutes), with minutes, hours or days")
    if (int(found[1]) == 1) == bool(found[3]):
        raise BadSchedule(f"rate({text}): 1 goes with the singular, such as rate(1 minute), all else with the plural")
    return Rate(int(found[1]) * UNITS[found[2]], start)


def _cron(text: str, where: tzinfo) -> Cron:
    fields = text.split()
    if len(fields) != 6:
        raise BadSchedule(f"cron({text}) has {len(fields)} fields; AWS needs 6: minutes hours day month weekday year")
    minutes, hours, month_day, months, week_day, years = (one.upper() for one in fields)
    if (month_day == "?") == (week_day == "?"):
        raise BadSchedule(f"cron({text}): exactly one of day-of-month and day-of-week must be ?")
    return Cron(
        _numbers(minutes, 0, 59, "minutes"),
        _numbers(hours, 0, 23, "hours"),
        _numbers(months, 1, 12, "month", MONTHS, 1),
        _numbers(years, FIRST_YEAR, LAST_YEAR, "year"),
        _month_days(month_day) if week_day == "?" else _week_days(week_day),
        where,
    )


def _numbers(text: str, low: int, high: int, name: str, words: tuple[str, ...] = (), first: int = 0) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        spans = re.fullmatch(r"(\*|[\dA-Z]+)(?:-([\dA-Z]+))?(?:/(\d+))?", part)
        if spans is None or (spans[1] == "*" and spans[2]):
            raise BadSchedule(f"{part!r} cannot stand in the field {name}")
        begin = low if spans[1] == "*" else _number(spans[1], name, words, first)
        end = begin if not spans[2] else _number(spans[2], name, words, first)
        if spans[1] == "*" or (spans[3] and not spans[2]):
            end = high
        step = int(spans[3] or 1)
        if not (low <= begin <= high and low <= end <= high) or not step:
            raise BadSchedule(f"{part!r} is outside {low} to {high} in the field {name}")
        if end < begin:  # a range may go round, such as FRI-MON
            found |= {*range(begin, high + 1, step), *range(low, end + 1, step)}
        else:
            found |= set(range(begin, end + 1, step))
    return frozenset(found)


def _number(text: str, name: str, words: tuple[str, ...], first: int) -> int:
    if text in words:
        return words.index(text) + first
    if not text.isdecimal():
        raise BadSchedule(f"{text!r} cannot stand in the field {name}")
    return int(text)


def _month_days(text: str) -> Days:
    if text == "L":
        return lambda day: day.day == _last(day)
    nearest = re.fullmatch(r"(\d{1,2}|L)W", text)
    if nearest:
        return lambda day: day == _working_day(day, nearest[1])
    days = _numbers(text, 1, 31, "day-of-month")
    return lambda day: day.day in days


def _week_days(text: str) -> Days:
    last = re.fullmatch(r"([1-7]|[A-Z]{3})L", text)
    if last:
        wanted = _number(last[1], "day-of-week", DAYS, 1)
        return lambda day: _weekday(day) == wanted and day.day + 7 > _last(day)
    if text == "L":
        return lambda day: _weekday(day) == 7
    numbered = re.fullmatch(r"([1-7]|[A-Z]{3})#([1-5])", text)
    if numbered:
        wanted, which = _number(numbered[1], "day-of-week", DAYS, 1), int(numbered[2])
        return lambda day: _weekday(day) == wanted and (day.day - 1) // 7 + 1 == which
    days = _numbers(text, 1, 7, "day-of-week", DAYS, 1)
    return lambda day: _weekday(day) in days


def _weekday(day: date) -> int:
    """1 for Sunday to 7 for Saturday, as AWS counts."""
    return (day.weekday() + 1) % 7 + 1


def _last(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]


def _working_day(day: date, wanted: str) -> date:
    """The weekday nearest to a day of this month, within the month."""
    last = _last(day)
    number = last if wanted == "L" else min(int(wanted), last)
    near = day.replace(day=number)
    if near.weekday() == 5:  # Saturday
        return near - timedelta(days=1) if number > 1 else near + timedelta(days=2)
    if near.weekday() == 6:  # Sunday
        return near + timedelta(days=1) if number < last else near - timedelta(days=2)
    return near
