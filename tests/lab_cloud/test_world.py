import logging
import threading
from collections.abc import Iterator

import pytest

from lab_cloud.clock import Clock
from lab_cloud.world import World
from tests.waiting import until


class Counter:
    def __init__(self) -> None:
        self.ticks = 0
        self.fail = False

    def tick(self, now: float) -> None:
        self.ticks += 1
        if self.fail:
            raise RuntimeError("a bug")


@pytest.fixture
def world() -> Iterator[World]:
    made = World(Clock())
    yield made
    made.close()


def test_it_ticks_by_itself_and_at_once_when_woken(world: World) -> None:
    counter = Counter()
    world.add(counter)
    world.start()
    until(lambda: counter.ticks >= 2)
    before = counter.ticks
    world.wake()
    until(lambda: counter.ticks > before)


def test_facts_are_taken_in_under_the_lock_and_in_order(world: World) -> None:
    seen: list[tuple[int, str]] = []
    world.start()
    for number in range(3):
        world.post(lambda number=number: seen.append((number, threading.current_thread().name)))  # type: ignore[misc]
    until(lambda: len(seen) == 3)
    assert seen == [(number, "reconcilers") for number in range(3)]


def test_a_bug_in_one_reconciler_stops_no_other(world: World, caplog: pytest.LogCaptureFixture) -> None:
    bad, good = Counter(), Counter()
    bad.fail = True
    world.add(bad)
    world.add(good)
    with caplog.at_level(logging.CRITICAL):
        world.tick()
        world.tick()
    assert (bad.ticks, good.ticks) == (2, 2)


def test_a_tick_can_be_asked_for_at_a_moment(world: World) -> None:
    class Once:
        moments: list[float] = []  # noqa: RUF012

        def tick(self, now: float) -> None:
            self.moments.append(now)
            if len(self.moments) == 1:
                world.wake_at(now + 0.02)

    once = Once()
    world.add(once)
    world.wake()
    world.start()
    until(lambda: len(once.moments) >= 2)


def test_slow_work_does_not_hold_the_lock(world: World) -> None:
    world.start()
    began, go_on, results = threading.Event(), threading.Event(), []

    def slow() -> None:
        began.set()
        go_on.wait(5)
        results.append(True)

    world.work(slow)
    assert began.wait(5)
    assert world.lock.acquire(timeout=2)
    world.lock.release()
    go_on.set()
    until(lambda: results)
