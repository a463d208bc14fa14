from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.ecs.lifecycle import TaskView, next_status

ORDER = ["PROVISIONING", "PENDING", "ACTIVATING", "RUNNING", "DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED"]


def test_a_task_walks_through_all_states() -> None:
    view = TaskView("PROVISIONING", "RUNNING", since=1, targets=True)
    seen = [view.status]
    for facts in (
        {},  # provisioned
        {"running": 1},  # its container has started
        {},  # registered
        {"desired": "STOPPED", "drained": False},
        {"drained": True},
        {"running": 0, "ended": 1},
        {"since": 5.0},
    ):
        view = replace(view, **facts)
        status = next_status(view)
        assert status is not None
        view = replace(view, status=status)
        seen.append(status)
    assert seen == ORDER
    assert next_status(view) is None


def test_provisioning_takes_its_time() -> None:
    assert next_status(TaskView("PROVISIONING", "RUNNING", since=0.1, provisioning=0.2)) is None


def test_a_task_without_targets_skips_activating() -> None:
    assert next_status(TaskView("PENDING", "RUNNING", running=1)) == "RUNNING"


def test_nothing_is_running_without_a_living_process() -> None:
    assert next_status(TaskView("PENDING", "RUNNING", running=0)) is None
    assert next_status(TaskView("PENDING", "RUNNING", running=1, containers=2)) is None
    assert next_status(TaskView("PENDING", "RUNNING", running=1, starting=True)) is None


def test_a_task_drains_before_its_processes_are_asked_to_stop() -> None:
    waiting = TaskView("DEACTIVATING", "STOPPED", running=1, drained=False)
    assert next_status(waiting) is None
    assert next_status(replace(waiting, drained=True)) == "STOPPING"
    assert next_status(replace(waiting, running=0)) == "STOPPING"


def test_a_task_is_not_stopped_while_a_process_lives() -> None:
    assert next_status(TaskView("STOPPING", "STOPPED", running=1)) is None


@given(
    st.builds(
        TaskView,
        status=st.sampled_from(ORDER),
        desired=st.sampled_from(["RUNNING", "STOPPED"]),
        since=st.floats(0, 10),
        running=st.integers(0, 3),
        ended=st.integers(0, 3),
        containers=st.integers(1, 3),
        starting=st.booleans(),
        targets=st.booleans(),
        drained=st.booleans(),
    )
)
def test_a_task_never_goes_back(view: TaskView) -> None:
    status = next_status(view)
    assert status is None or ORDER.index(status) > ORDER.index(view.status)


@pytest.mark.parametrize("status", ORDER[:-1])
def test_a_task_that_is_to_stop_always_can(status: str) -> None:
    view = TaskView(status, "STOPPED", since=10, running=0, ended=1)
    for _ in ORDER:
        following = next_status(view)
        if following is None:
            break
        view = replace(view, status=following)
    assert view.status == "STOPPED"
