from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab_cloud.schedule import BadSchedule, Cron, parse


def moments(text: str, begin: str, count: int, timezone: str | None = None) -> list[str]:
    where = ZoneInfo(timezone) if timezone else UTC
    now = datetime.fromisoformat(begin).replace(tzinfo=where).timestamp()
    schedule, found = parse(text, timezone), []
    for _ in range(count):
        following = schedule.after(now)
        if following is None:
            break
        now = following
        found.append(f"{datetime.fromtimestamp(now, where):%Y-%m-%d %H:%M %a}")
    return found


# "Cron-based schedules" of the EventBridge Scheduler User Guide, and further forms of its grammar
@pytest.mark.parametrize(
    ("text", "begin", "wanted"),
    [
        ("cron(0 10 * * ? *)", "2026-11-25", ["2026-11-25 10:00 Wed", "2026-11-26 10:00 Thu"]),
        ("cron(15 12 * * ? *)", "2026-11-25T12:15", ["2026-11-26 12:15 Thu"]),
        ("cron(0 18 ? * MON-FRI *)", "2026-11-27T18:00", ["2026-11-30 18:00 Mon", "2026-12-01 18:00 Tue"]),
        ("cron(0 8 1 * ? *)", "2026-11-25", ["2026-12-01 08:00 Tue", "2027-01-01 08:00 Fri"]),
        ("cron(0/15 * * * ? *)", "2026-11-25T10:50", ["2026-11-25 11:00 Wed", "2026-11-25 11:15 Wed"]),
        ("cron(0/5 8-17 ? * MON-FRI *)", "2026-11-27T17:55", ["2026-11-30 08:00 Mon", "2026-11-30 08:05 Mon"]),
        ("cron(0 9 ? * 2#1 *)", "2026-11-25", ["2026-12-07 09:00 Mon", "2027-01-04 09:00 Mon"]),
        ("cron(0 0 L * ? *)", "2027-02-01", ["2027-02-28 00:00 Sun", "2027-03-31 00:00 Wed"]),
        ("cron(0 0 ? * 6L *)", "2026-11-01", ["2026-11-27 00:00 Fri", "2026-12-25 00:00 Fri"]),
        ("cron(0 0 15W * ? *)", "2026-11-01", ["2026-11-16 00:00 Mon", "2026-12-15 00:00 Tue"]),
        ("cron(0 0 1W * ? *)", "2026-07-31", ["2026-08-03 00:00 Mon"]),
        ("cron(0 0 LW * ? *)", "2026-10-01", ["2026-10-30 00:00 Fri"]),
        ("cron(0 0 29 2 ? *)", "2026-11-25", ["2028-02-29 00:00 Tue"]),
        ("cron(0 12 ? * FRI-MON *)", "2026-11-25", ["2026-11-27 12:00 Fri", "2026-11-28 12:00 Sat"]),
        ("cron(30 6 ? JAN,JUL SUN 2027-2028)", "2026-11-25", ["2027-01-03 06:30 Sun"]),
        ("cron(0 0 31 12 ? 2026)", "2026-12-31T00:00", []),
        ("cron(0 0 30 2 ? *)", "2026-11-25", []),
        ("at(2026-12-24T18:00:00)", "2026-11-25", ["2026-12-24 18:00 Thu"]),
        ("at(2026-12-24T18:00:00)", "2026-12-25", []),
    ],
)
def test_when_schedules_fire(text: str, begin: str, wanted: list[str]) -> None:
    assert moments(text, begin, max(len(wanted), 1)) == wanted


def test_time_zones_and_the_hours_that_clocks_skip_or_repeat() -> None:
    assert moments("cron(0 9 * * ? *)", "2026-11-25T08:00", 1, "Asia/Ho_Chi_Minh") == ["2026-11-25 09:00 Wed"]
    assert moments("at(2026-12-24T18:00:00)", "2026-11-25", 1, "America/New_York") == ["2026-12-24 18:00 Thu"]
    # 02:30 does not exist in Berlin on 2027-03-28, and comes twice on 2026-10-25
    skipped = moments("cron(30 2 * * ? *)", "2027-03-27T12:00", 1, "Europe/Berlin")
    assert skipped == ["2027-03-29 02:30 Mon"]
    twice = moments("cron(30 2 * * ? *)", "2026-10-24T12:00", 2, "Europe/Berlin")
    assert twice == ["2026-10-25 02:30 Sun", "2026-10-26 02:30 Mon"]


def test_rates_count_from_their_start() -> None:
    schedule = parse("rate(5 minutes)", start=1000.0)
    assert [schedule.after(now) for now in (0.0, 1000.0, 1299.9, 1300.0)] == [1300.0, 1300.0, 1300.0, 1600.0]
    assert parse("rate(1 day)").after(0.0) == 86400.0


@pytest.mark.parametrize(
    ("text", "timezone", "words"),
    [
        ("every 5 minutes", None, "is not at"),
        ("rate(0 minutes)", None, "rate"),
        ("rate(1 minutes)", None, "singular"),
        ("rate(5 minute)", None, "singular"),
        ("rate(5 weeks)", None, "minutes, hours or days"),
        ("at(tomorrow)", None, "must look like"),
        ("at(2026-13-01T00:00:00)", None, "month"),
        ("cron(0 10 * * ?)", None, "5 fields"),
        ("cron(0 10 * * * *)", None, "must be ?"),
        ("cron(0 10 ? * ? *)", None, "must be ?"),
        ("cron(60 10 * * ? *)", None, "outside 0 to 59"),
        ("cron(0 24 * * ? *)", None, "outside 0 to 23"),
        ("cron(0 10 ? * MOO *)", None, "cannot stand"),
        ("cron(0 10 ? * 8 *)", None, "outside 1 to 7"),
        ("cron(x 10 * * ? *)", None, "cannot stand"),
        ("cron(0/0 10 * * ? *)", None, "outside"),
        ("cron(0 10 * * ? 1969)", None, "outside"),
        ("cron(0 10 * * ? *)", "Mars/Olympus", "Unknown time zone"),
    ],
)
def test_what_is_no_schedule(text: str, timezone: str | None, words: str) -> None:
    with pytest.raises(BadSchedule, match=words):
        parse(text, timezone)


spans = st.tuples(st.integers(0, 23), st.integers(0, 23))


@settings(max_examples=60)
@given(
    minutes=st.frozensets(st.integers(0, 59), min_size=1, max_size=4),
    hours=st.frozensets(st.integers(0, 23), min_size=1, max_size=4),
    days=st.frozensets(st.integers(1, 7), min_size=1, max_size=3),
    begin=st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),
)
def test_the_next_moment_is_the_first_that_fits(
    minutes: frozenset[int], hours: frozenset[int], days: frozenset[int], begin: datetime
) -> None:
    def joined(numbers: frozenset[int]) -> str:
        return ",".join(map(str, sorted(numbers)))

    schedule = parse(f"cron({joined(minutes)} {joined(hours)} ? * {joined(days)} *)")
    assert isinstance(schedule, Cron)
    found = schedule.after(begin.timestamp())
    hour = begin.replace(minute=0, second=0, microsecond=0)
    naive = None
    while naive is None:  # hour by hour, the plain way
        fits = hour.hour in hours and (hour.weekday() + 1) % 7 + 1 in days
        inside = [hour + timedelta(minutes=minute) for minute in sorted(minutes)] if fits else []
        naive = next((moment for moment in inside if moment.timestamp() > begin.timestamp()), None)
        hour += timedelta(hours=1)
    assert found == naive.timestamp()
