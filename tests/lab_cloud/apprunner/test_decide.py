"""The state machine on a clock that the test moves, and rules that hold for every state."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.apprunner.decide import (
    DEPLOYING,
    ENDING,
    Drain,
    Fail,
    Finish,
    InstanceView,
    Pull,
    Route,
    ServiceView,
    Start,
    Stop,
    decide,
    wanted,
)


def one(name: str, release: int = 1, state: str = "ready", **more: object) -> InstanceView:
    return replace(InstanceView(name, release, state), **more)  # type: ignore[arg-type]


CREATING = ServiceView(operation="CREATE_SERVICE", candidate=1)
RUNNING = ServiceView(active=1, instances=(one("a"),))
UPDATING = replace(RUNNING, operation="UPDATE_SERVICE", candidate=2, pull="pulled")


def test_a_service_is_created_step_by_step() -> None:
    assert decide(CREATING, 0) == [Pull()]
    assert decide(replace(CREATING, pull="pulling"), 0) == []
    pulled = replace(CREATING, pull="pulled", least=2)
    assert decide(pulled, 0) == [Start(1, 2)]
    assert decide(replace(pulled, instances=(one("a", state="starting"), one("b"))), 0) == []
    assert decide(replace(pulled, instances=(one("a", state="unready"), one("b"))), 0) == []
    assert decide(replace(pulled, instances=(one("a"), one("b"))), 0) == [Route()]


@pytest.mark.parametrize("state", ["ended", "unhealthy"])
def test_a_bad_instance_fails_the_creation(state: str) -> None:
    view = replace(CREATING, pull="pulled", instances=(one("a", state=state),))
    assert decide(view, 0) == [Fail("a")]
    failing = replace(view, failing=True, candidate=0)
    assert decide(failing, 0) == [Stop("a") if state == "ended" else Drain("a")]
    assert decide(replace(failing, instances=()), 0) == [Finish()]


def test_an_image_that_cannot_be_pulled_fails_it() -> None:
    assert decide(replace(CREATING, pull="failed"), 0) == [Fail()]


def test_the_old_release_serves_until_the_new_one_is_ready() -> None:
    assert decide(UPDATING, 0) == [Start(2, 1)]
    for state in ("starting", "unready"):
        assert decide(replace(UPDATING, instances=(one("a"), one("b", 2, state))), 0) == []
    assert decide(replace(UPDATING, instances=(one("a"), one("b", 2))), 0) == [Route()]
    routed = ServiceView(active=2, instances=(one("a"), one("b", 2)))
    assert decide(routed, 0) == [Drain("a")]


def test_what_drains_finishes_its_requests() -> None:
    view = ServiceView(active=2, instances=(one("a", draining=True, in_flight=1), one("b", 2)))
    assert decide(view, 0) == []
    for change in ({"in_flight": 0}, {"overdue": True}):
        ending = replace(view, instances=(replace(view.instances[0], **change), view.instances[1]))  # type: ignore[arg-type]
        assert decide(ending, 0) == [Stop("a")]


def test_a_failed_update_takes_the_new_instances_away() -> None:
    broken = replace(UPDATING, instances=(one("a"), one("b", 2, "unhealthy")))
    assert decide(broken, 0) == [Fail("b")]
    back = replace(broken, candidate=0, failing=True)
    assert decide(back, 0) == [Drain("b")]
    assert decide(replace(back, instances=(one("a"),)), 0) == [Finish()]


def test_an_update_without_new_instances_is_over_at_once() -> None:
    assert decide(replace(UPDATING, candidate=0, deploys=False), 0) == [Finish()]


@pytest.mark.parametrize("operation", ENDING)
def test_pausing_and_deleting_end_every_instance(operation: str) -> None:
    assert decide(replace(RUNNING, operation=operation), 0) == [Drain("a")]
    assert decide(replace(RUNNING, operation=operation, instances=(one("a", draining=True),)), 0) == [Stop("a")]
    assert decide(replace(RUNNING, operation=operation, instances=()), 0) == [Finish()]


def test_scaling_follows_the_requests_at_once() -> None:
    busy = replace(RUNNING, concurrency=50, peak=150)
    assert decide(busy, 0) == [Start(1, 2)]
    assert decide(replace(busy, most=2), 0) == [Start(1, 1)]
    three = tuple(one(name) for name in "abc")
    assert decide(replace(busy, instances=three), 0) == []
    assert decide(replace(busy, instances=three, peak=51), 0) == [Drain("c")]
    assert decide(replace(busy, instances=three, peak=0, least=2), 0) == [Drain("c")]


def test_a_lost_instance_is_replaced_but_not_in_a_tight_loop() -> None:
    lost = replace(RUNNING, instances=(one("a", state="ended"),), retry_at=10.0)
    assert decide(lost, 9) == [Stop("a")]
    assert decide(lost, 10) == [Start(1, 1), Stop("a")]


def test_an_unhealthy_instance_stays_until_its_replacement_serves() -> None:
    sick = replace(RUNNING, instances=(one("a", state="unhealthy"),))
    assert decide(sick, 0) == [Start(1, 1)]
    assert decide(replace(sick, instances=(*sick.instances, one("b", state="unready"))), 0) == []
    assert decide(replace(sick, instances=(*sick.instances, one("b"))), 0) == [Drain("a")]


INSTANCES = st.builds(
    InstanceView,
    id=st.uuids().map(str),
    release=st.integers(1, 3),
    state=st.sampled_from(["starting", "unready", "ready", "unhealthy", "ended"]),
    draining=st.booleans(),
    overdue=st.booleans(),
    in_flight=st.integers(0, 5),
)
VIEWS = st.builds(
    ServiceView,
    operation=st.sampled_from(["", *DEPLOYING, *ENDING]),
    deploys=st.booleans(),
    pull=st.sampled_from(["", "pulling", "pulled", "failed"]),
    failing=st.booleans(),
    active=st.integers(0, 2),
    candidate=st.sampled_from([0, 3]),
    instances=st.lists(INSTANCES, max_size=8).map(tuple),
    least=st.integers(1, 3),
    most=st.integers(3, 6),
    concurrency=st.integers(1, 10),
    peak=st.integers(0, 100),
)


@given(VIEWS)
def test_rules_of_every_state(view: ServiceView) -> None:
    actions = decide(view, 0)
    known = {each.id: each for each in view.instances}
    assert view.least <= wanted(view) <= view.most
    touched = [action.id for action in actions if isinstance(action, (Drain, Stop))]
    assert len(touched) == len(set(touched))
    for action in actions:
        if isinstance(action, Drain):
            assert not known[action.id].draining
        if isinstance(action, Stop):
            instance = known[action.id]
            assert instance.state == "ended" or instance.draining
            assert instance.state == "ended" or instance.overdue or not instance.in_flight
        if isinstance(action, Start):
            assert action.release in (view.active, view.candidate)
            assert action.count >= 1
        if isinstance(action, Route):
            fresh = [each for each in view.instances if each.release == view.candidate]
            assert len(fresh) >= wanted(view)
            assert all(each.state == "ready" for each in fresh)
    if view.operation in ENDING:
        assert not any(isinstance(action, (Start, Route, Pull, Fail)) for action in actions)
