import csv

from lab_cloud.clock import Clock
from lab_cloud.delays import TABLE, Delays


def test_delays_are_divided_by_the_speed() -> None:
    assert Delays(Clock(60)).real("ecs.healthy-without-checks") == 40 / 60


def test_every_delay_has_its_source() -> None:
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows
    assert all(row["source"] and float(row["aws_seconds"]) >= 0 for row in rows)
