from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.ecs.dependencies import ContainerView, check_dependencies, dead_end, startable
from lab_cloud.errors import AwsError


def after(condition: str) -> ContainerView:
    return ContainerView("b", depends=(("a", condition),))


@pytest.mark.parametrize(
    ("condition", "other", "may"),
    [
        ("START", ContainerView("a", "starting"), False),
        ("START", ContainerView("a", "running"), True),
        ("COMPLETE", ContainerView("a", "running"), False),
        ("COMPLETE", ContainerView("a", "ended", 1), True),
        ("SUCCESS", ContainerView("a", "ended", 1), False),
        ("SUCCESS", ContainerView("a", "ended", 0), True),
        ("HEALTHY", ContainerView("a", "running"), False),
        ("HEALTHY", ContainerView("a", "running", health="HEALTHY"), True),
    ],
)
def test_conditions(condition: str, other: ContainerView, may: bool) -> None:
    assert startable([other, after(condition)]) == (["b"] if may else [])


def test_without_dependencies_all_start_at_once() -> None:
    assert startable([ContainerView("a"), ContainerView("b")]) == ["a", "b"]


@pytest.mark.parametrize(
    ("condition", "other", "waited", "reason"),
    [
        ("SUCCESS", ContainerView("a", "ended", 3), 0, "ended with exit code 3"),
        ("HEALTHY", ContainerView("a", "running", health="UNHEALTHY"), 0, "UNHEALTHY"),
        ("HEALTHY", ContainerView("a", "running"), 181, "waited 180 s"),
        ("HEALTHY", ContainerView("a", "running"), 10, ""),
        ("COMPLETE", ContainerView("a", "ended", 3), 999, ""),
    ],
)
def test_dead_ends(condition: str, other: ContainerView, waited: float, reason: str) -> None:
    found = dead_end([other, after(condition)], waited)
    assert reason in found
    assert bool(found) == bool(reason)


@given(st.lists(st.sampled_from(["START", "COMPLETE", "SUCCESS"]), min_size=1, max_size=6))
def test_a_chain_starts_in_order(conditions: list[str]) -> None:
    views = [ContainerView("0")]
    views += [ContainerView(str(n), depends=((str(n - 1), kind),)) for n, kind in enumerate(conditions, 1)]
    order: list[str] = []
    for _ in views:
        (name,) = startable(views)
        order.append(name)
        views = [ContainerView(each.name, "ended", 0) if each.name == name else each for each in views]
    assert order == [str(n) for n in range(len(views))]
    assert dead_end(views, 0) == ""


def container(name: str, *depends: tuple[str, str], **more: Any) -> dict[str, Any]:
    return {"name": name, "dependsOn": [{"containerName": other, "condition": kind} for other, kind in depends], **more}


@pytest.mark.parametrize(
    ("containers", "message"),
    [
        ([container("a", ("b", "START"))], "not another container"),
        ([container("a", ("a", "START"))], "not another container"),
        ([container("a", ("b", "START")), container("b", ("a", "START"))], "in a circle"),
        ([container("a", ("b", "HEALTHY")), container("b")], "has no healthCheck"),
        ([container("a", ("b", "SUCCESS")), container("b")], "must not be essential"),
    ],
)
def test_what_is_refused(containers: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(AwsError, match=message) as caught:
        check_dependencies(containers)
    assert caught.value.code == "ClientException"


def test_what_is_accepted() -> None:
    check = {"command": ["CMD", "true"]}
    one, two = container("b", essential=False), container("c", healthCheck=check)
    check_dependencies([container("a", ("b", "SUCCESS"), ("c", "HEALTHY")), one, two])
