from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab_cloud.errors import CloudError
from lab_cloud.runtime.limits import START_CREDIT, Allowance, Limiter, decide, most_memory, over_memory, pause
from lab_cloud.runtime.spec import Share


class Program:
    """A container that wants `wish` processors, on a clock moved by hand."""

    def __init__(self, clock: "Hand", wish: float = 0.0, memory: int = 0, memory_limit: int | None = None) -> None:
        self.clock, self.wish, self.held, self.memory_limit = clock, wish, memory, memory_limit
        self.used, self.running, self.killed, self.refreshed = 0.0, True, False, 0
        clock.programs.append(self)

    def cpu_seconds(self) -> float:
        return self.used

    def memory(self) -> int:
        return self.held

    def refresh(self) -> None:
        self.refreshed += 1

    def suspend(self) -> None:
        self.running = False

    def resume(self) -> None:
        self.running = True

    def kill_for_memory(self, remark: str = "") -> None:
        self.killed, self.wish, self.remark = True, 0.0, remark


class Hand:
    """Time, moved by hand; what runs uses it."""

    def __init__(self) -> None:
        self.now = 100.0
        self.programs: list[Program] = []

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds
        for program in self.programs:
            if program.running and not program.killed:
                program.used += program.wish * seconds


def live(
    limiter: Limiter, hand: Hand, seconds: float, late: Iterator[float] | None = None
) -> list[tuple[float, float]]:
    """Let the limiter look whenever it wants to; returns (time, processor seconds of all) at each look."""
    end, seen = hand.now + seconds, [(hand.now, sum(program.used for program in hand.programs))]
    while hand.now < end:
        wait = limiter.look()
        assert wait is None or wait > 0
        hand.advance(min(wait or 0.1, end - hand.now + 1e-6) + (next(late) if late else 0.0))
        seen.append((hand.now, sum(program.used for program in hand.programs)))
    return seen


def worst_slice(seen: list[tuple[float, float]], length: float) -> float:
    """The most processors used in any slice of at least this length."""
    worst = 0.0
    for start, (begin, used) in enumerate(seen):
        for end, more in seen[start + 1 :]:
            if end - begin >= length:
                worst = max(worst, (more - used) / (end - begin))
                break
    return worst


@pytest.mark.parametrize("cpu", [0.25, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("wish", [0.5, 1.0, 4.0])
def test_a_task_never_has_more_than_its_share(cpu: float, wish: float) -> None:
    hand = Hand()
    limiter = Limiter(hand)
    limiter.add(Share(cpu), Program(hand, wish))
    live(limiter, hand, 3)
    seen = live(limiter, hand, 10)
    assert worst_slice(seen, 1.0) <= cpu * 1.005
    average = (seen[-1][1] - seen[0][1]) / (seen[-1][0] - seen[0][0])
    assert average == pytest.approx(min(cpu * 0.96, wish), rel=0.05)


def test_containers_of_one_task_share() -> None:
    hand = Hand()
    limiter, share = Limiter(hand), Share(0.5)
    programs = [Program(hand, 1.0), Program(hand, 1.0)]
    for program in programs:
        limiter.add(share, program)
    live(limiter, hand, 3)
    assert worst_slice(live(limiter, hand, 5), 1.0) <= 0.5 * 1.005
    limiter.remove(programs[0])  # what it had used stays counted: the other one gains nothing at once
    programs[0].wish = 0.0
    assert worst_slice(live(limiter, hand, 5), 1.0) <= 0.5 * 1.005


@settings(max_examples=60, deadline=None)
@given(
    cpu=st.sampled_from([0.25, 0.5, 1.0]),
    wishes=st.lists(st.tuples(st.floats(0.05, 3.0), st.sampled_from([0.0, 0.02, 0.3, 1.0])), min_size=1, max_size=6),
    late=st.lists(st.floats(0.0, 0.02), min_size=1, max_size=7),
)
def test_whatever_it_does_it_pays_back(cpu: float, wishes: list[tuple[float, float]], late: list[float]) -> None:
    hand = Hand()
    limiter, program = Limiter(hand), Program(hand)
    limiter.add(Share(cpu), program)

    def delays() -> Iterator[float]:
        while True:
            yield from late

    begin, seen = hand.now, [(hand.now, 0.0)]
    for seconds, wish in wishes:
        program.wish = wish
        seen += live(limiter, hand, seconds, delays())[1:]
    # At most its share, the credit of its start, what is saved for one slice, and one late look.
    spent = seen[-1][1]
    assert spent <= cpu * 0.96 * (hand.now - begin + 0.075) + START_CREDIT + 0.23
    program.wish = 0.0
    live(limiter, hand, 5)
    assert program.running  # a task that rests is never left suspended
    assert all(later[1] >= earlier[1] for earlier, later in pairwise(seen))


@given(cpu=st.floats(0.1, 4), tokens=st.floats(-1, 1), rate=st.floats(0, 8), running=st.booleans())
def test_the_next_look_is_soon_and_never_at_once(cpu: float, tokens: float, rate: float, running: bool) -> None:
    assert 0.004 <= pause(cpu, Allowance(tokens, 0.0, 0.0, 0.0, running, rate)) <= 0.2


def test_a_start_is_not_slowed_down() -> None:
    allowance = Allowance.start(0.0)
    for step in range(1, 13):
        allowance = decide(0.25, allowance, step * 0.01, step * 0.01)
    assert allowance.running
    assert not decide(0.25, allowance, 0.5, 0.5).running


def test_a_clock_that_stands_still_does_no_harm() -> None:
    allowance = Allowance.start(5.0)
    assert decide(0.25, allowance, 0.0, 5.0) == allowance
    assert decide(0.25, allowance, 0.0, 4.0).tokens == allowance.tokens


@pytest.mark.parametrize(
    ("held", "limits", "total", "victims"),
    [
        ([10, 20], [None, None], None, []),
        ([10, 20], [10, 20], 30, []),
        ([11, 20], [10, 20], None, [0]),
        ([10, 25], [None, None], 30, [1]),
        ([11, 25], [10, None], 30, [0]),  # the first frees enough for the second
        ([20, 20, 5], [None, None, None], 10, [0, 1]),
        ([], [], 10, []),
    ],
)
def test_who_holds_too_much(held: list[int], limits: list[int | None], total: int | None, victims: list[int]) -> None:
    assert over_memory(held, limits, total) == victims


def test_memory_is_read_only_when_something_has_run() -> None:
    hand = Hand()
    limiter = Limiter(hand)
    idle, greedy = Program(hand, 0.0, 50, 100), Program(hand, 0.5, 50, 100)
    limiter.add(Share(1.0), idle)
    limiter.add(Share(1.0), greedy)
    live(limiter, hand, 2)
    assert idle.refreshed <= 1
    assert greedy.refreshed > 10
    assert not greedy.killed
    greedy.held = 101
    live(limiter, hand, 0.3)
    assert greedy.killed
    assert not idle.killed


def test_who_takes_its_memory_before_the_first_look_and_then_rests() -> None:
    hand = Hand()
    limiter = Limiter(hand)
    greedy = Program(hand, 1.0, 101, 100)
    limiter.add(Share(), greedy)
    hand.advance(0.03)
    greedy.wish = 0.0
    live(limiter, hand, 2)
    assert greedy.killed


def test_all_containers_together_may_have_a_limit_and_the_largest_goes() -> None:
    hand = Hand()
    limiter = Limiter(hand, most=100)
    small, large, larger = (Program(hand, 0.5, memory) for memory in (20, 30, 40))
    for program in (small, large, larger):
        limiter.add(Share(1.0), program)
    live(limiter, hand, 1)
    assert [program.killed for program in (small, large, larger)] == [False] * 3
    small.held = 31  # 101 together
    live(limiter, hand, 1)
    assert [program.killed for program in (small, large, larger)] == [False, False, True]


@pytest.mark.parametrize(("text", "wanted"), [("", None), ("512", 512_000_000)])
def test_the_limit_of_all_comes_from_the_environment(text: str, wanted: int | None) -> None:
    assert most_memory({"LAB_MEMORY_MB": text}) == wanted


@pytest.mark.parametrize("text", ["0", "-1", "1 GB", "x"])
def test_a_limit_that_makes_no_sense_is_told(text: str) -> None:
    with pytest.raises(CloudError, match="LAB_MEMORY_MB"):
        most_memory({"LAB_MEMORY_MB": text})


def test_a_share_of_the_whole_machine_is_not_held() -> None:
    hand = Hand()
    limiter = Limiter(hand, cores=2)
    program = Program(hand, 2.0, 10, 100)
    limiter.add(Share(4.0), program)
    live(limiter, hand, 2)
    assert program.used == pytest.approx(4.0, rel=0.1)
    program.held = 101
    live(limiter, hand, 0.3)
    assert program.killed


def test_two_hundred_resting_tasks_need_few_looks() -> None:
    hand = Hand()
    limiter = Limiter(hand)
    for _ in range(200):
        limiter.add(Share(0.25), Program(hand))
    live(limiter, hand, 1)
    assert len(live(limiter, hand, 10)) < 120


@pytest.mark.parametrize("cores", [0.5, 8.0])
def test_who_is_idle_has_a_small_part_of_its_share_until_it_is_not(cores: float) -> None:
    hand, idle = Hand(), [False]
    limiter = Limiter(hand, cores)
    program = Program(hand, 1.0)
    limiter.add(Share(1.0, idle=lambda: idle[0]), program)
    live(limiter, hand, 3)
    busy = program.used / 3
    assert busy > 0.9
    idle[0] = True
    before = program.used
    live(limiter, hand, 10)
    assert 0.02 < (program.used - before) / 10 < 0.08
    idle[0] = False
    before = program.used
    live(limiter, hand, 3)
    assert (program.used - before) / 3 > 0.9
