from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.ecs.strategy import check_strategy, is_fargate, next_provider, spread, strategy_of
from lab_cloud.errors import AwsError


def item(name: str, weight: int = 0, base: int = 0) -> dict[str, Any]:
    return {"capacityProvider": name, "weight": weight, "base": base}


def test_the_base_is_filled_first_then_the_weights_count() -> None:
    strategy = [item("FARGATE", 1, 2), item("FARGATE_SPOT", 3)]
    placed = spread(strategy, 10)
    assert placed[:2] == ["FARGATE", "FARGATE"]
    assert placed[2:].count("FARGATE_SPOT") == 6
    assert placed[2:].count("FARGATE") == 2


def test_weight_0_takes_no_more_than_its_base() -> None:
    assert spread([item("FARGATE", 0, 1), item("FARGATE_SPOT", 1)], 4) == ["FARGATE", *["FARGATE_SPOT"] * 3]
    assert spread([item("FARGATE")], 2) == ["FARGATE", "FARGATE"]
    assert spread([], 2) == ["", ""]


def test_a_lost_task_is_replaced_where_it_is_missing() -> None:
    strategy = [item("FARGATE", 1, 1), item("FARGATE_SPOT", 1)]
    assert next_provider(strategy, {"FARGATE": 2, "FARGATE_SPOT": 0}) == "FARGATE_SPOT"
    assert next_provider(strategy, {"FARGATE": 0, "FARGATE_SPOT": 3}) == "FARGATE"


@given(
    st.lists(st.tuples(st.integers(0, 1000), st.just(0)), min_size=1, max_size=5),
    st.integers(0, 20),
    st.integers(0, 60),
)
def test_the_spread_is_as_close_to_the_weights_as_whole_tasks_allow(
    drawn: list[tuple[int, int]], base: int, count: int
) -> None:
    strategy = [item(f"p{index}", weight, base if index == 0 else 0) for index, (weight, _) in enumerate(drawn)]
    if not any(weight for weight, _ in drawn):
        strategy = strategy[:1]
    placed = spread(strategy, count)
    assert placed[: min(base, count)] == ["p0"] * min(base, count)
    total = sum(each["weight"] for each in strategy)
    for each in strategy:
        got = placed[min(base, count) :].count(each["capacityProvider"])
        rest = count - min(base, count)
        if total:
            assert abs(got - rest * each["weight"] / total) <= len(strategy)
        if not each["weight"] and len(strategy) > 1:
            assert got == 0


@pytest.mark.parametrize(
    ("strategy", "message"),
    [
        ([item("x")], "not associated"),
        ([item("FARGATE", 1), item("FARGATE", 1)], "twice"),
        ([item("FARGATE", 1), item("own", 1)], "cannot mix"),
        ([item("FARGATE", 1, 1), item("FARGATE_SPOT", 1, 1)], "Only one capacity provider"),
        ([item("FARGATE"), item("FARGATE_SPOT")], "greater than 0"),
        ([item(f"p{n}", 1) for n in range(21)], "at most 20"),
    ],
)
def test_what_is_refused(strategy: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(AwsError, match=message) as caught:
        check_strategy(strategy, ["FARGATE", "FARGATE_SPOT", "own"])
    assert caught.value.code == "InvalidParameterException"


def test_arns_are_shown_as_names() -> None:
    arn = "arn:aws:ecs:us-east-1:123456789012:capacity-provider/own"
    assert strategy_of([{"capacityProvider": arn, "weight": 2}]) == [item("own", 2)]
    assert is_fargate([item("FARGATE_SPOT")])
    assert not is_fargate([item("own")])
