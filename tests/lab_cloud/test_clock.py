import pytest

from lab_cloud.clock import IDLE_SECONDS, Clock, ManualClock


def test_awss_waiting_is_divided() -> None:
    assert Clock(60).real(300) == 5
    assert Clock(1).real(300) == 300


def test_a_speed_of_nothing_is_refused() -> None:
    for speed in (0, -1, float("nan")):
        with pytest.raises(ValueError, match="speed"):
            Clock(speed)


def test_the_calendar_runs_at_speed_while_a_client_is_active() -> None:
    clock = ManualClock(60, start=1000)
    clock.touch()
    clock.advance(10)
    assert clock.calendar() == 1000 + 600


def test_the_calendar_pauses_when_nobody_is_there() -> None:
    clock = ManualClock(60, start=0)
    clock.touch()
    clock.advance(IDLE_SECONDS + 1000)
    assert clock.calendar() == IDLE_SECONDS * 60
    clock.touch()
    clock.advance(1)
    assert clock.calendar() == IDLE_SECONDS * 60 + 60


def test_the_calendar_never_goes_back() -> None:
    clock = ManualClock(60, start=0)
    seen = []
    for step in (1, 0, 400, -5, 2):
        clock.advance(step)
        clock.touch()
        seen.append(clock.calendar())
    assert seen == sorted(seen)
