import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.scaling.steps import CHANGE, EXACT, PERCENT, Step, StepPolicy, adjusted, problem, step_for

INF = math.inf


@pytest.mark.parametrize(
    ("steps", "kind", "words"),
    [
        ([], CHANGE, "at least one"),
        ([Step(0, 10, 1), Step(5, INF, 2)], CHANGE, "can't overlap"),
        ([Step(0, 10, 1), Step(15, INF, 2)], CHANGE, "can't have gaps"),
        ([Step(-INF, INF, 1)], CHANGE, "can't be null in the same"),
        ([Step(10, 10, 1)], CHANGE, "must be greater"),
        ([Step(-10, 0, -1)], CHANGE, "null lower bound"),
        ([Step(0, 10, 1)], CHANGE, "null upper bound"),
        ([Step(0, INF, -1)], EXACT, "not be negative"),
        ([Step(0, INF, 1), Step(5, INF, 2)], CHANGE, "can't overlap"),
    ],
)
def test_steps_that_aws_refuses(steps: list[Step], kind: str, words: str) -> None:
    assert words in problem(steps, kind)


@pytest.mark.parametrize(
    "steps",
    [
        [Step(0, INF, 1)],
        [Step(-INF, 0, -1)],
        [Step(15, INF, 2), Step(0, 15, 1)],
        [Step(-INF, -10, -2), Step(-10, 0, -1), Step(0, 10, 0), Step(10, INF, 1)],
    ],
)
def test_steps_that_aws_accepts(steps: list[Step]) -> None:
    assert problem(steps, CHANGE) == ""


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=8, unique=True), st.floats(-100, 100))
def test_steps_over_the_whole_line_hold_each_value_once(bounds: list[int], difference: float) -> None:
    edges = [-INF, *sorted(map(float, bounds)), INF]
    steps = [Step(low, high, number) for number, (low, high) in enumerate(itertools.pairwise(edges))]
    assert problem(steps, CHANGE) == ""
    found = step_for(steps, difference)
    assert found is not None
    assert found.lower <= difference <= found.upper


@given(st.integers(0, 1000), st.integers(-100, 300), st.integers(0, 20))
def test_percentages_are_rounded_as_documented(capacity: int, percent: int, magnitude: int) -> None:
    policy = StepPolicy(PERCENT, (), magnitude=magnitude)
    change = adjusted(policy, Step(0, INF, percent), capacity) - capacity
    exact = capacity * percent / 100
    if exact == 0:
        assert change == 0
    elif abs(exact) < 1:
        assert change == math.copysign(max(1, magnitude), exact)
    else:
        assert change == math.copysign(max(math.floor(abs(exact)), magnitude), exact)
