"""Which pods stand behind a Service, decided and done."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.eks.controllers.client import Loopback
from lab_cloud.eks.controllers.endpoints import MOST_ENDPOINTS, SERVICE_NAME, decide, subsets
from lab_cloud.eks.controllers.standard import standard
from tests.lab_cloud.eks.kubernetes.server import PODS, SERVICES, Server, pod
from tests.waiting import until

SLICES = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"


def service(target: Any = 80, **spec: Any) -> dict[str, Any]:
    metadata = {"name": "web", "namespace": "default", "uid": "s"}
    own: dict[str, Any] = {
        "selector": {"app": "web"},
        "ports": [{"port": 80, "targetPort": target, "protocol": "TCP"}],
        **spec,
    }
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": own}


def running(number: int, *, ready: bool = True, port: int = 0, **metadata: Any) -> dict[str, Any]:
    ports = [{"name": "http", "containerPort": port}] if port else []
    own = {"name": f"p{number:03}", "namespace": "default", "uid": f"u{number}", "labels": {"app": "web"}, **metadata}
    address = f"10.0.{number // 250}.{number % 250}"
    status = {"podIP": address, "phase": "Running", "conditions": [{"type": "Ready", "status": str(ready)}]}
    spec = {"nodeName": "n", "containers": [{"name": "c", "ports": ports}]}
    return {"metadata": own, "spec": spec, "status": status}


@given(st.lists(st.booleans(), max_size=230), st.integers(0, 4))
def test_slices_hold_each_pod_once_and_change_no_more(ready: list[bool], before: int) -> None:
    pods = [running(number, ready=one) for number, one in enumerate(ready)]
    old: list[dict[str, Any]] = [
        {"metadata": {"name": f"web-{i}"}, "endpoints": [], "ports": []} for i in range(before)
    ]
    plan = decide(service(), pods, old, {})
    made = [*plan.create, *plan.patch.values()]
    held = [one["addresses"][0] for each in made for one in each["endpoints"]]
    assert sorted(held) == sorted(each["status"]["podIP"] for each in pods)
    assert all(len(each["endpoints"]) <= MOST_ENDPOINTS for each in made)
    kept = [{**each, **plan.patch.get(each["metadata"]["name"], {})} for each in old]
    kept = [each for each in kept if each["metadata"]["name"] not in plan.delete]
    new = [{**each, "metadata": {**each["metadata"], "name": f"web-new{i}"}} for i, each in enumerate(plan.create)]
    again = decide(service(), pods, [*kept, *new], {})
    assert not (again.create or again.patch or again.delete)


def test_what_an_endpoint_says() -> None:
    pods = [running(1), running(2, ready=False), running(3, deletionTimestamp="2026-01-01T00:00:00Z")]
    found = decide(service(), pods, [], {"n": "us-east-1a"}).create[0]
    assert [tuple(each["conditions"].values()) for each in found["endpoints"]] == [
        (True, True, False),
        (False, False, False),
        (False, True, True),
    ]
    assert found["endpoints"][0]["zone"] == "us-east-1a"
    assert found["endpoints"][0]["targetRef"]["name"] == "p001"
    assert found["metadata"]["labels"][SERVICE_NAME] == "web"
    older = subsets(service(), pods)[0]
    assert [each["ip"] for each in older["addresses"]] == ["10.0.0.1"]
    assert [each["ip"] for each in older["notReadyAddresses"]] == ["10.0.0.2"]
    every = decide(service(publishNotReadyAddresses=True), pods, [], {}).create[0]
    assert all(each["conditions"]["ready"] for each in every["endpoints"])


def test_a_named_port_is_looked_up_in_each_pod() -> None:
    pods = [running(1, port=8080), running(2, port=9090), running(3)]
    made = decide(service("http"), pods, [], {}).create
    assert [[port["port"] for port in each["ports"]] for each in made] == [[8080], [9090], []]


@pytest.mark.parametrize(
    "change",
    [{"status": {}}, {"status": {"podIP": "10.0.0.1", "phase": "Succeeded"}}, {"metadata": {"namespace": "other"}}],
)
def test_pods_that_do_not_count(change: dict[str, Any]) -> None:
    found = running(1)
    made = {**found, **change, "metadata": {**found["metadata"], **change.get("metadata", {})}}
    assert decide(service(), [made], [], {}).create[0]["endpoints"] == []


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    controllers = standard(Loopback(made.api, "endpointslice-controller"))
    controllers.start()
    yield made
    controllers.close()


def test_endpoints_follow_the_pods(server: Server) -> None:
    server.made(SERVICES, {"metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}})
    server.made(PODS, pod())
    status = {"podIP": "10.0.0.9", "phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    server.patch(f"{PODS}/one/status", {"status": status})

    def shown() -> list[str]:
        found = server.get(SLICES)["items"]
        return [one["addresses"][0] for each in found for one in each.get("endpoints") or ()]

    until(lambda: shown() == ["10.0.0.9"])
    endpoints = "/api/v1/namespaces/default/endpoints/web"
    until(lambda: server.get(endpoints)["subsets"][0]["addresses"][0]["ip"] == "10.0.0.9")
    server.ask("DELETE", f"{PODS}/one")
    until(lambda: shown() == [])
    server.ask("DELETE", f"{SERVICES}/web")
    assert server.get(SLICES)["items"] == []
    assert server.ask("GET", endpoints)[0] == 404
