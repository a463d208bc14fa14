"""The node lifecycle controller: its decisions by a hand-moved clock, and its work through the API."""

from typing import Any

import pytest

from lab_cloud.eks.controllers.client import Loopback
from lab_cloud.eks.controllers.node_lifecycle import (
    NOT_READY,
    UNREACHABLE,
    UNSCHEDULABLE,
    NodeLifecycle,
    decide,
    leaves_at,
    tolerated,
)
from lab_cloud.eks.controllers.watching import Seen
from lab_cloud.eks.kubernetes import names
from tests.lab_cloud.eks.kubernetes.server import PODS, Server, pod

NOW = 1_700_000_000.0
LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"


def node(ready: str = "True", **spec: Any) -> dict[str, Any]:
    metadata = {"name": "one", "creationTimestamp": names.timestamp(NOW)}
    return {"metadata": metadata, "spec": spec, "status": {"conditions": [{"type": "Ready", "status": ready}]}}


def lease(renewed: float) -> dict[str, Any]:
    return {"spec": {"renewTime": names.micro_timestamp(renewed), "leaseDurationSeconds": 40}}


def keys(taints: list[dict[str, Any]] | None) -> list[tuple[str, str]]:
    return [(each["key"], each["effect"]) for each in taints or ()]


def test_a_node_is_lost_when_its_lease_is_stale() -> None:
    assert not decide(node(), lease(NOW), NOW + 39).lost
    plan = decide(node(), lease(NOW), NOW + 40)
    assert plan.lost
    assert keys(plan.taints) == [(UNREACHABLE, "NoSchedule"), (UNREACHABLE, "NoExecute")]
    assert decide(node(), None, NOW + 41).lost
    assert not decide(node("Unknown"), lease(NOW), NOW + 100).lost


def test_taints_say_how_a_node_is() -> None:
    assert decide(node(), lease(NOW), NOW).taints is None
    assert keys(decide(node("False"), lease(NOW), NOW).taints) == [(NOT_READY, "NoSchedule"), (NOT_READY, "NoExecute")]
    cordoned = decide(node(unschedulable=True), lease(NOW), NOW)
    assert keys(cordoned.taints) == [(UNSCHEDULABLE, "NoSchedule")]
    mended = node(taints=[{"key": NOT_READY, "effect": "NoSchedule"}, {"key": "own", "effect": "NoSchedule"}])
    assert keys(decide(mended, lease(NOW), NOW).taints) == [("own", "NoSchedule")]
    by_hand = decide(node(taints=[{"key": "own", "effect": "NoExecute"}]), lease(NOW), NOW).taints
    assert by_hand == [{"key": "own", "effect": "NoExecute", "timeAdded": names.timestamp(NOW)}]


@pytest.mark.parametrize(
    ("tolerations", "seconds"),
    [
        ([], None),
        ([{"key": "a", "operator": "Exists"}], float("inf")),
        ([{"key": "a", "value": "1"}], float("inf")),
        ([{"key": "a", "value": "2"}], None),
        ([{"operator": "Exists"}], float("inf")),
        ([{"key": "a", "operator": "Exists", "effect": "NoSchedule"}], None),
        ([{"key": "a", "operator": "Exists", "tolerationSeconds": 300}], 300),
    ],
)
def test_what_a_pod_tolerates(tolerations: list[dict[str, Any]], seconds: float | None) -> None:
    taint = {"key": "a", "value": "1", "effect": "NoExecute"}
    assert tolerated({"spec": {"tolerations": tolerations}}, taint) == seconds


def test_what_is_tolerated_goes_with_the_speed() -> None:
    taints = [{"key": "a", "effect": "NoExecute", "timeAdded": names.timestamp(NOW)}]
    patient = {"spec": {"tolerations": [{"key": "a", "operator": "Exists", "tolerationSeconds": 300}]}}
    assert leaves_at(patient, node(taints=taints), NOW + 1, lambda seconds: seconds / 60) == NOW + 5
    assert leaves_at({"spec": {}}, node(taints=taints), NOW + 1, float) == NOW + 1
    assert leaves_at({"spec": {}}, node(), NOW + 1, float) == float("inf")


class Cluster:
    """One node that was Ready, and a pod on it."""

    def __init__(self, server: Server) -> None:
        self.server = server
        server.made("/api/v1/nodes", {"metadata": {"name": "one"}})
        ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "well"}
        server.patch("/api/v1/nodes/one/status", {"status": {"conditions": [ready]}})
        server.made(LEASES, {"metadata": {"name": "one"}, **lease(server.now)})
        server.made(PODS, pod("one", nodeName="one"))
        status = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
        server.patch(f"{PODS}/one/status", {"status": status})
        client = Loopback(server.api, "node-controller")
        self.controller, self.seen = NodeLifecycle(client, float), Seen(lambda: None)
        self.seen.watch(client, self.controller.watches)

    def look(self, seconds: float) -> float | None:
        self.server.now += seconds
        return self.controller.sync(self.seen, self.server.now)


def test_a_silent_node_is_unknown_and_loses_its_pods(server: Server) -> None:
    cluster = Cluster(server)
    assert cluster.look(10) == pytest.approx(server.now + 30)
    cluster.look(31)
    found = server.get("/api/v1/nodes/one")
    assert [(each["status"], each["reason"]) for each in found["status"]["conditions"]] == [
        ("Unknown", "NodeStatusUnknown")
    ]
    assert keys(found["spec"]["taints"]) == [(UNREACHABLE, "NoSchedule"), (UNREACHABLE, "NoExecute")]
    assert server.get(f"{PODS}/one")["status"]["conditions"][-1]["status"] == "False"
    cluster.look(1)
    assert "deletionTimestamp" not in server.get(f"{PODS}/one")["metadata"]
    cluster.look(300)
    code, gone = server.ask("GET", f"{PODS}/one")
    assert code == 404 or "deletionTimestamp" in gone["metadata"]


def test_a_node_that_is_heard_of_again_is_clean(server: Server) -> None:
    cluster = Cluster(server)
    cluster.look(41)
    cluster.look(1)
    ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "well"}
    server.patch("/api/v1/nodes/one/status", {"status": {"conditions": [ready]}})
    server.patch(f"{LEASES}/one", {"spec": {"renewTime": names.micro_timestamp(server.now)}})
    cluster.look(1)
    assert not server.get("/api/v1/nodes/one")["spec"].get("taints")


def test_pods_of_a_node_that_is_gone_go(server: Server) -> None:
    cluster = Cluster(server)
    server.ask("DELETE", "/api/v1/nodes/one")
    cluster.look(1)
    assert server.get(f"{PODS}/one")
    cluster.look(41)
    assert server.ask("GET", f"{PODS}/one")[0] == 404
