"""What a ReplicaSet does, decided and done."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.eks.controllers.client import Loopback
from lab_cloud.eks.controllers.replica_set import decide, is_active, new_pod
from lab_cloud.eks.controllers.standard import standard
from lab_cloud.eks.controllers.watching import owner_of
from tests.lab_cloud.eks.kubernetes.server import PODS, REPLICA_SETS, Server, deployment
from tests.waiting import until


def wanted(replicas: int) -> dict[str, Any]:
    made = {**deployment(replicas=replicas), "kind": "ReplicaSet"}
    made["metadata"] = {"name": "web", "namespace": "default", "uid": "u", "generation": 3}
    return made


@st.composite
def pods(draw: Any) -> list[dict[str, Any]]:
    made = []
    for i in range(draw(st.integers(0, 8))):
        phase = draw(st.sampled_from(["Pending", "Running", "Succeeded", "Failed"]))
        ready = [{"type": "Ready", "status": "True"}] if phase == "Running" and draw(st.booleans()) else []
        metadata: dict[str, Any] = {"name": f"p{i}", "labels": {"app": "web"}}
        if draw(st.booleans()):
            metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
        made.append({"metadata": metadata, "spec": {}, "status": {"phase": phase, "conditions": ready}})
    return made


@given(pods(), st.integers(0, 8))
def test_after_its_plan_a_set_has_what_it_wants(found: list[dict[str, Any]], replicas: int) -> None:
    plan = decide(wanted(replicas), found)
    active = {each["metadata"]["name"] for each in found if is_active(each)}
    assert set(plan.delete) <= active
    assert len(active) - len(plan.delete) + plan.create == replicas
    assert not (plan.create and plan.delete)
    assert plan.status["replicas"] == len(active)
    assert 0 <= plan.status["readyReplicas"] <= len(active)
    assert plan.status["observedGeneration"] == 3


def test_what_works_least_goes_first() -> None:
    def pod(name: str, node: str, phase: str) -> dict[str, Any]:
        return {"metadata": {"name": name}, "spec": {"nodeName": node}, "status": {"phase": phase}}

    found = [pod("a", "n", "Running"), pod("b", "", "Pending"), pod("c", "n", "Pending")]
    assert decide(wanted(1), found).delete == ("b", "c")


def test_a_set_that_is_being_deleted_makes_nothing() -> None:
    made = wanted(3)
    made["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert decide(made, []).create == 0


def test_a_new_pod_belongs_to_its_set() -> None:
    made = new_pod(wanted(1))
    assert owner_of(made) == "u"
    assert made["metadata"]["labels"] == {"app": "web"}
    assert made["metadata"]["generateName"] == "web-"


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    controllers = standard(Loopback(made.api, "replicaset-controller"))
    controllers.start()
    yield made
    controllers.close()


def names(server: Server) -> list[str]:
    return [each["metadata"]["name"] for each in server.get(PODS)["items"]]


def test_pods_come_are_replaced_and_go(server: Server) -> None:
    server.made(REPLICA_SETS, {**deployment(replicas=3), "kind": "ReplicaSet"})
    until(lambda: len(names(server)) == 3)
    until(lambda: server.get(f"{REPLICA_SETS}/web").get("status", {}).get("replicas") == 3)
    first = names(server)[0]
    server.ask("DELETE", f"{PODS}/{first}")
    until(lambda: len(names(server)) == 3 and first not in names(server))
    server.patch(f"{REPLICA_SETS}/web/scale", {"spec": {"replicas": 1}})
    until(lambda: len(names(server)) == 1)
    server.ask("DELETE", f"{REPLICA_SETS}/web")
    until(lambda: names(server) == [])


def test_a_pod_is_available_when_it_has_been_ready_for_long_enough() -> None:
    made = wanted(1)
    made["spec"]["minReadySeconds"] = 10
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}
    pod = {"metadata": {"name": "a"}, "spec": {}, "status": {"phase": "Running", "conditions": [ready]}}
    since = 1767225600.0
    early, late = decide(made, [pod], since + 9), decide(made, [pod], since + 10)
    assert (early.status["readyReplicas"], early.status["availableReplicas"], early.due) == (1, 0, since + 10)
    assert (late.status["availableReplicas"], late.due) == (1, None)
