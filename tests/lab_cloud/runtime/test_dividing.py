import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.runtime.dividing import LEAST, Keeper, divide
from lab_cloud.runtime.spec import Share, Stats
from tests.waiting import until


@given(st.floats(0.1, 16), st.lists(st.floats(0, 20), min_size=1, max_size=8))
def test_all_of_a_share_is_given_and_nobody_is_starved(total: float, wishes: list[float]) -> None:
    given_ = divide(total, wishes)
    assert sum(given_) == pytest.approx(total)
    for part, wish in zip(given_, wishes, strict=True):
        assert part >= min(wish, total / len(wishes)) - 1e-9


def test_who_rests_leaves_its_part_to_who_works() -> None:
    busy, idle = divide(1.0, [5.0, LEAST])
    assert busy > 0.9
    assert idle >= LEAST


class Container:
    """A container that uses `rate` processors, and holds `memory`."""

    memory_limit: int | None = None

    def __init__(self, rate: float = 0.0, memory: int = 0) -> None:
        self.rate, self.memory = rate, memory
        self.looks, self.held, self.killed = 0, -1.0, False

    def stats(self) -> Stats:
        self.looks += 1
        return Stats(self.rate * self.looks, self.memory, float(self.looks))

    def hold(self, cpu: float) -> None:
        self.held = cpu

    def kill_for_memory(self) -> None:
        self.killed = True


def test_the_keeper_divides_by_use_and_gives_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lab_cloud.runtime.dividing.PERIOD", 0.01)
    keeper, share = Keeper(), Share(cpu=1.0)
    try:
        busy, idle = Container(rate=0.9), Container()
        assert keeper.part(share) == 1.0
        keeper.add(share, busy)
        assert busy.held == -1.0  # alone it keeps what it began with
        assert keeper.part(share) == 0.5
        keeper.add(share, idle)
        until(lambda: busy.held > 0.9 and idle.held < 0.1)
        keeper.remove(share, idle)
        assert busy.held == 1.0
    finally:
        keeper.close()


def test_the_keeper_sums_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lab_cloud.runtime.dividing.PERIOD", 0.01)
    keeper, share = Keeper(), Share(memory=100)
    try:
        small, large = Container(memory=40), Container(memory=70)
        keeper.add(share, small)
        keeper.add(share, large)
        until(lambda: large.killed)
        assert not small.killed
        assert keeper.part(share) is None
    finally:
        keeper.close()
