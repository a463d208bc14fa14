"""Schedules of CronJobs."""

import datetime

import pytest

from lab_cloud.eks.kubernetes.cron import Cron
from lab_cloud.schedule import BadSchedule

START = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)  # a Thursday


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("*/5 * * * *", "01-01 00:05"),
        ("0 9 * * 1-5", "01-01 09:00"),
        ("0 9 * * 6", "01-03 09:00"),
        ("0 9 * * 7", "01-04 09:00"),
        ("0 0 15 * 0", "01-04 00:00"),
        ("30 2 1 * *", "01-01 02:30"),
        ("0 0 * * SUN", "01-04 00:00"),
        ("@hourly", "01-01 01:00"),
    ],
)
def test_the_next_time(text: str, after: str) -> None:
    found = Cron(text).after(START.timestamp())
    assert found is not None
    assert datetime.datetime.fromtimestamp(found, datetime.UTC).strftime("%m-%d %H:%M") == after


@pytest.mark.parametrize("text", ["", "x", "* * * *", "61 * * * *", "* * * * * *"])
def test_what_is_no_schedule(text: str) -> None:
    with pytest.raises(BadSchedule):
        Cron(text)
