"""What a DaemonSet does, decided and done."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab_cloud.eks.controllers.client import Loopback
from lab_cloud.eks.controllers.daemon_set import DaemonSets, Plan, decide, node_of, pod_of
from lab_cloud.eks.controllers.root_ca import RootCa
from lab_cloud.eks.controllers.runner import Controllers
from tests.lab_cloud.eks.kubernetes.server import PODS, Server
from tests.waiting import until

DAEMON_SETS = "/apis/apps/v1/namespaces/default/daemonsets"
NODES = "/api/v1/nodes"


def daemon_set(image: str = "one", most: Any = 1, **spec: Any) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": "d"}}, "spec": {"containers": [{"name": "c", "image": image}], **spec}}
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": most}}
    own = {"selector": {"matchLabels": {"app": "d"}}, "template": template, "updateStrategy": strategy}
    metadata = {"name": "d", "namespace": "default", "uid": "d"}
    return {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": metadata, "spec": own}


def node(name: str, *taints: dict[str, str], **labels: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": labels}, "spec": {"taints": list(taints)}}


class Place:
    """Nodes and pods that become ready when a test says so."""

    def __init__(self, *nodes: dict[str, Any]) -> None:
        self.nodes = list(nodes)
        self.pods: dict[str, dict[str, Any]] = {}
        self.made = 0

    def look(self, found: dict[str, Any]) -> Plan:
        plan = decide(found, self.nodes, list(self.pods.values()))
        for name in (*plan.delete, *plan.failed):
            del self.pods[name]
        for name in plan.create:
            pod = pod_of(found, name)
            pod["metadata"]["name"] = f"p{self.made}"
            pod["status"] = {"phase": "Pending"}
            self.pods[f"p{self.made}"] = pod
            self.made += 1
        return plan

    def work(self, *names: str) -> None:
        for name in names:
            ready = {"type": "Ready", "status": "True"}
            self.pods[name]["status"] = {"phase": "Running", "conditions": [ready]}

    @property
    def ready(self) -> int:
        return sum("conditions" in each["status"] for each in self.pods.values())

    def where(self) -> list[str]:
        return sorted(map(node_of, self.pods.values()))


def test_a_pod_on_each_node_that_it_bears() -> None:
    taint = {"key": "only", "value": "gpu", "effect": "NoSchedule"}
    nodes = node("a"), node("b", taint), node("c", disk="fast")
    place = Place(*nodes)
    place.look(daemon_set())
    assert place.where() == ["a", "c"]
    bears = Place(*nodes)
    bears.look(daemon_set(tolerations=[{"key": "only", "operator": "Exists"}]))
    assert bears.where() == ["a", "b", "c"]
    picky = Place(*nodes)
    picky.look(daemon_set(nodeSelector={"disk": "fast"}))
    assert picky.where() == ["c"]


def test_it_is_also_on_nodes_where_something_is_wrong() -> None:
    wrong = ("not-ready", "NoExecute"), ("unschedulable", "NoSchedule"), ("memory-pressure", "NoSchedule")
    place = Place(*(node(key, {"key": f"node.kubernetes.io/{key}", "effect": effect}) for key, effect in wrong))
    place.look(daemon_set())
    assert len(place.where()) == 3


def test_pods_follow_their_nodes() -> None:
    place = Place(node("a"), node("b"))
    place.look(daemon_set())
    place.nodes = [node("b", {"key": "x", "effect": "NoExecute"}), node("c")]
    plan = place.look(daemon_set())
    assert place.where() == ["c"]
    assert (plan.status["desiredNumberScheduled"], plan.status["currentNumberScheduled"]) == (1, 0)
    place.nodes = [node("c", {"key": "x", "effect": "NoSchedule"})]
    plan = place.look(daemon_set())
    assert (place.where(), plan.status["numberMisscheduled"]) == (["c"], 1)


def test_a_pod_that_has_failed_is_replaced() -> None:
    place = Place(node("a"))
    place.look(daemon_set())
    place.pods["p0"]["status"]["phase"] = "Failed"
    plan = place.look(daemon_set())
    assert (plan.failed, plan.create) == (("p0",), ())
    assert place.look(daemon_set()).create == ("a",)


@settings(deadline=None)
@given(st.integers(1, 6), st.sampled_from([1, 2, "50%"]), st.data())
def test_an_update_keeps_its_bounds_and_ends(count: int, most: Any, data: Any) -> None:
    place = Place(*(node(f"n{i}") for i in range(count)))
    place.look(daemon_set())
    place.work(*place.pods)
    least = count - max(-(-count * 50 // 100) if most == "50%" else most, 1)
    for _ in range(60):
        plan = place.look(daemon_set("two", most))
        assert place.ready >= least
        if plan.status["updatedNumberScheduled"] == plan.status["numberAvailable"] == count:
            break
        waiting = [name for name, each in place.pods.items() if "conditions" not in each["status"]]
        if waiting:
            place.work(*data.draw(st.sets(st.sampled_from(waiting), min_size=1)))
    images = {each["spec"]["containers"][0]["image"] for each in place.pods.values()}
    assert images == {"two"}


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    client = Loopback(made.api, "controllers")
    controllers = Controllers(client, [DaemonSets(client), RootCa(client, "PEM")])
    controllers.start()
    yield made
    controllers.close()


def test_a_daemon_set_by_way_of_the_api(server: Server) -> None:
    server.made(NODES, {"metadata": {"name": "a"}})
    server.made(DAEMON_SETS, {**daemon_set(), "metadata": {"name": "d"}})
    until(lambda: len(server.get(PODS)["items"]) == 1)
    server.made(NODES, {"metadata": {"name": "b"}})
    until(lambda: sorted(map(node_of, server.get(PODS)["items"])) == ["a", "b"])
    until(lambda: server.get(f"{DAEMON_SETS}/d").get("status", {}).get("desiredNumberScheduled") == 2)
    server.ask("DELETE", f"{NODES}/a")
    until(lambda: sorted(map(node_of, server.get(PODS)["items"])) == ["b"])


def test_every_namespace_has_the_authority(server: Server) -> None:
    server.made("/api/v1/namespaces", {"metadata": {"name": "new"}})
    own = "/api/v1/namespaces/new/configmaps/kube-root-ca.crt"
    until(lambda: server.ask("GET", own)[0] == 200)
    server.patch(own, {"data": {"ca.crt": "other"}})
    until(lambda: server.get(own)["data"] == {"ca.crt": "PEM"})
    server.ask("DELETE", "/api/v1/namespaces/new")
    until(lambda: server.ask("GET", "/api/v1/namespaces/new")[0] == 404)
