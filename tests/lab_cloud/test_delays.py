import csv

import pytest

from lab_cloud.clock import Clock, ManualClock
from lab_cloud.delays import HURRIED, TABLE, Delays


def test_delays_are_divided_by_the_speed() -> None:
    assert Delays(Clock(60)).real("ecs.healthy-without-checks") == 40 / 60


def test_every_delay_has_its_source() -> None:
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows
    assert all(row["source"] and float(row["aws_seconds"]) >= 0 for row in rows)


def test_what_nobody_watches_is_hurried_for_a_while() -> None:
    clock = ManualClock(60)
    delays = Delays(clock)
    assert delays.hurry(30) == 0
    assert delays.real("eks.cluster-creation") == delays.real("eks.cluster-creation") == 540 / 3600
    assert delays.real("eks.agent") == 45 / 3600
    clock.advance(31)  # who asked for it is gone, and has not ended it
    assert delays.real("eks.cluster-creation") == 9
    assert delays.hurry(30) == 540 + 45
    assert delays.hurry(0) == 0
    assert delays.real("eks.cluster-creation") == 9


@pytest.mark.parametrize("name", ["ecs.spot-warning", "eks.nodegroup-patience", "ecs.healthy-without-checks"])
def test_patience_and_warnings_are_never_hurried(name: str) -> None:
    delays = Delays(ManualClock(60))
    usual = delays.real(name)
    delays.hurry(30)
    assert delays.real(name) == usual


def test_a_cloud_that_is_quicker_still_stays_so() -> None:
    delays = Delays(ManualClock(36_000))
    delays.hurry(30)
    assert delays.real("eks.cluster-creation") == 540 / 36_000


def test_what_can_be_hurried_is_in_the_table() -> None:
    with TABLE.open(encoding="utf-8", newline="") as file:
        assert {row["name"] for row in csv.DictReader(file)} >= HURRIED
