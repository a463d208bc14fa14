"""Phases and conditions from the states of containers."""

from typing import Any

from lab_cloud.eks.agents.pod_status import Seen, conditions, phase

RUN = {"running": {"startedAt": "t"}}
WAIT = {"waiting": {"reason": "ContainerCreating"}}


def ended(code: int) -> dict[str, Any]:
    return {"terminated": {"exitCode": code}}


def seen(state: dict[str, Any], last: dict[str, Any] | None = None, *, sidecar: bool = False) -> Seen:
    running = "running" in state
    return Seen("c", state, last or {}, running, running, sidecar)


def test_the_phase_of_a_pod() -> None:
    assert phase("Always", [], [seen(WAIT)]) == "Pending"
    assert phase("Always", [], [seen(RUN), seen(WAIT)]) == "Pending"
    assert phase("Always", [], [seen(RUN), seen(ended(1))]) == "Running"
    assert phase("Always", [], [seen(WAIT, ended(1))]) == "Running", "it waits for its next restart"
    assert phase("Always", [], [seen(ended(0))]) == "Running"
    assert phase("OnFailure", [], [seen(ended(0))]) == "Succeeded"
    assert phase("OnFailure", [], [seen(ended(1)), seen(ended(0))]) == "Running"
    assert phase("Never", [], [seen(ended(1)), seen(ended(0))]) == "Failed"
    assert phase("Never", [], [seen(ended(1)), seen(RUN)]) == "Running"


def test_the_phase_of_a_pod_with_init_containers() -> None:
    assert phase("Always", [seen(RUN)], [seen(WAIT)]) == "Pending"
    assert phase("Never", [seen(ended(1))], [seen(WAIT)]) == "Failed"
    assert phase("Always", [seen(ended(1))], [seen(WAIT)]) == "Pending"
    assert phase("Always", [seen(ended(0)), seen(RUN, sidecar=True)], [seen(RUN)]) == "Running"


def test_conditions_keep_their_times_and_those_of_others() -> None:
    scheduled = {"type": "PodScheduled", "status": "True", "lastTransitionTime": "t0"}
    first = conditions("Pending", [], [seen(WAIT)], [scheduled], "t1", network=True)
    by_type = {each["type"]: each for each in first}
    assert by_type["PodScheduled"] == scheduled
    assert by_type["Ready"]["reason"] == "ContainersNotReady"
    assert by_type["Ready"]["message"] == "containers with unready status: [c]"
    then = {each["type"]: each for each in conditions("Running", [], [seen(RUN)], first, "t2", network=True)}
    assert then["Ready"] == {"type": "Ready", "status": "True", "lastProbeTime": None, "lastTransitionTime": "t2"}
    assert then["Initialized"]["lastTransitionTime"] == "t1"
    init = {each["type"]: each for each in conditions("Pending", [seen(RUN)], [seen(WAIT)], [], "t", network=False)}
    assert init["Initialized"]["message"] == "containers with incomplete status: [c]"
    assert init["PodReadyToStartContainers"]["status"] == "False"
