"""What a node group does next, without a cloud."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.eks.nodegroup import Issue
from lab_cloud.eks.nodegroup_steps import NodeView, View, at_once, decide, roll, troubles

READY = NodeView("i-1")
OUTSIDE = NodeView("i-1", joined=False, ready=False, why="Unauthorized")
SICK = NodeView("i-1", ready=False, why="cni plugin not initialized")
BOOTING = NodeView("i-1", joined=False, ready=False)
ISSUE = Issue("IamNodeRoleNotFound", "gone")


@pytest.mark.parametrize(
    ("view", "step"),
    [
        (View("CREATING", made=False), "make"),
        (View("CREATING", made=False, issues=(ISSUE,)), "fail"),
        (View("CREATING", desired=1), "wait"),
        (View("CREATING", desired=0), "activate"),
        (View("CREATING", desired=1, nodes=(READY,)), "activate"),
        (View("CREATING", desired=1, nodes=(BOOTING,), waited=True), "wait"),
        (View("CREATING", desired=1, nodes=(OUTSIDE,)), "wait"),
        (View("CREATING", desired=1, nodes=(OUTSIDE,), waited=True), "fail"),
        (View("CREATING", desired=1, nodes=(SICK,), waited=True), "fail"),
        (View("ACTIVE", desired=1, nodes=(SICK,), waited=True), "wait"),
        (View("ACTIVE", issues=(ISSUE,)), "degrade"),
        (View("DEGRADED"), "recover"),
        (View("UPDATING", update="ConfigUpdate", due=False), "wait"),
        (View("UPDATING", update="ConfigUpdate", desired=1, nodes=(BOOTING,)), "wait"),
        (View("UPDATING", update="ConfigUpdate", desired=1, nodes=(READY,)), "finish"),
        (View("UPDATING", update="VersionUpdate", desired=1, nodes=(NodeView("i-1", current=False),)), "roll"),
        (View("UPDATING", update="VersionUpdate", desired=1, nodes=(READY,)), "finish"),
        (View("UPDATING", update="VersionUpdate", desired=1, nodes=(OUTSIDE,), waited=True), "fail-update"),
        (View("DELETING", nodes=(READY,)), "empty"),
        (View("DELETING"), "unmake"),
        (View("DELETING", made=False), "remove"),
        (View("CREATE_FAILED", issues=(ISSUE,)), "wait"),
    ],
)
def test_what_a_node_group_does_next(view: View, step: str) -> None:
    assert decide(view) == step


def test_troubles_name_the_instances() -> None:
    (issue,) = troubles(View("CREATING", nodes=(OUTSIDE, READY)))
    assert (issue.code, issue.resources) == ("NodeCreationFailure", ("i-1",))
    assert troubles(View("CREATING", nodes=(BOOTING,))) == ()


def test_how_many_may_be_away() -> None:
    assert at_once({"maxUnavailable": 3}, 10) == 3
    assert at_once({"maxUnavailablePercentage": 33}, 10) == 3
    assert at_once({"maxUnavailablePercentage": 1}, 10) == 1


@given(st.integers(1, 6), st.integers(1, 4), st.booleans())
def test_a_roll_ends_and_keeps_its_bounds(desired: int, batch: int, minimal: bool) -> None:
    """However it goes, all are new in the end, and never are more away than may be."""
    nodes = [NodeView(f"old-{n}", current=False) for n in range(desired)]
    for made in range(200):
        step = roll(desired, nodes, batch, minimal=minimal)
        leaving = set(step.drain)
        nodes = [replace(each, leaving=each.leaving or each.instance in leaving) for each in nodes]
        staying = [each for each in nodes if not each.leaving]
        assert sum(each.ready for each in staying) >= desired - batch
        assert step.desired <= desired + batch
        # one of the instances that are missing is launched, those that leave are gone, those that boot are ready
        missing = step.desired - len(staying)
        nodes = [NodeView(each.instance, each.current) for each in staying]
        if missing > 0:
            nodes.append(NodeView(f"new-{made}", ready=False))
        if not [each for each in nodes if not each.current] and len(nodes) == desired:
            return
    raise AssertionError("the roll does not end")
