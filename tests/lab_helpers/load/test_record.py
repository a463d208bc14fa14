from typing import Any

import pytest

from lab_helpers.load.histogram import bucket
from lab_helpers.load.record import Record


def told(at: float, **more: Any) -> dict[str, Any]:
    """A line of the sender in which two requests were answered after 10 ms and one was refused with a 503."""
    line = {"at": at, "rps": 12.0, "due": 3, "kinds": {"200": 2, "503": 1}, "longest": 0.01, "open": 1}
    latencies = {str(bucket(0.01)): 3}
    return {**line, "latencies": latencies, "unfinished": 0, "sending": True, "over": False, **more}


def test_lines_add_up() -> None:
    record = Record(60)
    for number in range(1, 9):
        record.add(told(number / 4))
    assert (record.sent, record.answered, record.worst()) == (24, 16, (("503", 8),))
    assert record.latency().p99 == pytest.approx(0.01, rel=0.01)
    assert record.under_way == 1


def test_slices_are_as_long_as_a_chart_can_show() -> None:
    record = Record(240)  # two seconds each
    for number in range(1, 17):
        record.add(told(number / 4 + (0.003 if number % 2 else -0.003)))
    slices = record.slices(60.0)
    assert len(slices) == 2
    assert [part.sent for part in slices] == [24, 24]
    assert slices[1].minute == pytest.approx(slices[0].seconds, abs=1e-9)
    assert sum(part.seconds for part in slices) == pytest.approx(record.passed)


def test_a_short_load_has_a_slice_for_each_line() -> None:
    record = Record(1)
    for number in range(1, 5):
        record.add(told(number / 4))
    assert [part.failed for part in record.slices(1.0)] == [1, 1, 1, 1]


def test_a_new_rate_begins_a_new_slice() -> None:
    record = Record(240)
    record.add(told(0.25))
    record.add(told(0.5, rps=40.0))
    record.add(told(0.75, rps=40.0))
    assert [(part.rps, part.sent) for part in record.slices(1.0)] == [(12.0, 3), (40.0, 6)]


def test_just_now_is_about_a_second() -> None:
    record = Record(4)
    record.add(told(0.25, kinds={"200": 1000}))
    for number in range(2, 9):
        record.add(told(number / 4))
    assert record.recent() == pytest.approx((8.0, 4.0))


def test_kinds_of_failure_come_most_frequent_first() -> None:
    record = Record(1)
    record.add(told(0.25, kinds={"timeout": 1, "200": 1, "302": 1, "404": 5, "connection reset": 1}))
    assert record.worst() == (("404", 5), ("connection reset", 1), ("timeout", 1))
    assert record.answered == 2


def test_nothing_yet() -> None:
    record = Record(1)
    assert (record.slices(1.0), record.recent(), record.worst()) == ((), (0.0, 0.0), ())
