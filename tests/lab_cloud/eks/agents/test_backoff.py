"""How long containers wait."""

from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.eks.agents.backoff import FORGOTTEN, MOST, Backoff, words


def test_the_first_restart_is_at_once_and_each_next_one_waits_twice_as_long() -> None:
    found, waits, now = Backoff(), [], 1000.0
    for _ in range(8):
        waits.append(found.left(now, now, 1.0))
        found = found.next(now, 1.0)
        now += 1
    assert waits == [0, 10, 20, 40, 80, 160, 300, 300]
    assert words(80) == "1m20s"
    assert words(10) == "10s"


def test_ten_quiet_minutes_make_it_forget() -> None:
    found = Backoff(160, 1000.0)
    assert found.left(1000.0 + FORGOTTEN + 1, 1000.0 + FORGOTTEN + 1, 1.0) == 0
    assert found.next(1000.0 + FORGOTTEN + 1, 1.0).seconds == 10
    assert found.left(1000.0 + FORGOTTEN / 60 + 1, 1000.0 + FORGOTTEN / 60 + 1, 60.0) == 0


@given(st.lists(st.floats(0, 100), max_size=30), st.floats(1, 600))
def test_a_wait_is_never_longer_than_five_minutes(steps: list[float], speed: float) -> None:
    found, now = Backoff(), 1000.0
    for step in steps:
        now += step
        assert 0 <= found.left(now, now, speed) <= MOST / speed + 1e-6
        found = found.next(now, speed)
