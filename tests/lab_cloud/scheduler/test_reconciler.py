"""When schedules fire, by a clock that is moved by hand."""

import threading
from typing import Any

from lab_cloud.clock import ManualClock
from lab_cloud.events.counters import Counters
from lab_cloud.events.delivery import Deliveries
from lab_cloud.events.outside import Order
from lab_cloud.events.trail import Trail
from lab_cloud.schedule import parse
from lab_cloud.scheduler.reconciler import Schedules
from lab_cloud.scheduler.store import Planned, ScheduleStore
from lab_cloud.world import World

START = 1_700_000_040.0  # a whole minute
DAY = 86_400


class Calls:
    """Targets that only count."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.moments: list[float] = []

    def call(self, order: Order) -> dict[str, Any]:
        self.moments.append(self._clock.calendar())
        return {}

    def bury(self, order: Order, queue: str, attributes: dict[str, str]) -> None:
        raise AssertionError("nothing fails here")


class Stage:
    """A scheduler without a cloud."""

    def __init__(self, expression: str, *, speed: float = 60.0, window: int = 0, **settings: Any) -> None:
        self.clock = ManualClock(speed, START)
        world, trail = World(self.clock), Trail()
        self.calls, self.store = Calls(self.clock), ScheduleStore()
        self.deliveries = Deliveries(world, self.calls, trail)
        self.schedules = Schedules(world, self.store, self.deliveries, trail, Counters(threading.RLock()))
        flexible = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": window} if window else {"Mode": "OFF"}
        given = {"Target": {"Arn": "a", "RoleArn": "r"}, "FlexibleTimeWindow": flexible, **settings}
        self.group = self.store.region("us-east-1", START).find(None)
        schedule = parse(expression, None, START * speed)
        end = settings.get("EndDate")
        self.planned = Planned("s", "default", "arn", given, schedule, START, START, end=end)
        self.group.schedules["s"] = self.planned
        self.schedules.plan(self.planned)

    def live(self, aws_seconds: float, step: float = 1.0) -> list[float]:
        """Let time pass in steps of real seconds; a client is there all the time."""
        for _ in range(int(aws_seconds / self.clock.speed / step)):
            self.clock.touch()
            self.schedules.tick(self.clock.advance(step))
            self.deliveries.tick(self.clock.now())
        return self.calls.moments


def test_cron_fires_at_each_of_its_minutes_of_a_day() -> None:
    moments = Stage("cron(*/30 * * * ? *)").live(DAY)
    assert len(moments) == 48
    assert all(moment % 1800 < 60 for moment in moments)  # within the step


def test_a_rate_fires_at_once_and_then_in_its_rhythm() -> None:
    assert len(Stage("rate(1 hour)").live(DAY)) == 1 + 24


def test_what_was_missed_is_done_once() -> None:
    stage = Stage("rate(1 minute)", speed=1.0)
    stage.live(3, 1.0)
    stage.clock.advance(3600)
    assert len(stage.live(5, 1.0)) == 2


def test_a_flexible_window_spreads_the_calls_within_it() -> None:
    moments = Stage("cron(0 * * * ? *)", window=15).live(DAY)
    assert len(moments) in (23, 24)  # the last one may still wait in its window
    assert all(moment % 3600 <= 15 * 60 + 60 for moment in moments)
    assert len({round(moment % 3600, -2) for moment in moments}) > 3


def test_an_end_ends_it_and_takes_it_away() -> None:
    stage = Stage("cron(0 * * * ? *)", EndDate=START + 4 * 3600, ActionAfterCompletion="DELETE")
    assert len(stage.live(DAY)) == 4
    assert "s" not in stage.group.schedules


def test_a_disabled_schedule_does_nothing() -> None:
    assert Stage("rate(1 minute)", State="DISABLED").live(3600) == []
