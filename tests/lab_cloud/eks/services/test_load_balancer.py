"""Which load balancer a Service asks for, and what the controller does about it."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest

from lab_cloud.eks.controllers.client import Loopback
from lab_cloud.eks.controllers.runner import Controllers
from lab_cloud.eks.services.balancers import choose
from lab_cloud.eks.services.load_balancer import CLEANUP, PREFIX, BalancerError, LoadBalancers, Wanted, decide
from lab_cloud.network.model import Subnet
from tests.lab_cloud.eks.kubernetes.server import SERVICES, Server
from tests.waiting import until


def service(**annotations: str) -> dict[str, Any]:
    named = {f"{PREFIX}{name.replace('_', '-')}": value for name, value in annotations.items()}
    metadata = {"name": "web", "namespace": "default", "uid": "0-1", "annotations": named}
    return {"metadata": metadata, "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]}}


@pytest.mark.parametrize(
    ("annotations", "internal"),
    [
        ({}, False),
        ({"scheme": "internet-facing"}, False),
        ({"scheme": "internal"}, True),
        ({"internal": "true"}, True),
        ({"internal": "false"}, False),
    ],
)
def test_annotations_decide_on_the_scheme(annotations: dict[str, str], internal: bool) -> None:
    found = decide(service(**annotations), [])
    assert found is not None
    assert found.internal == internal


def test_what_a_service_asks_for() -> None:
    ready = {"ports": [{"name": "", "port": 8080}], "endpoints": [{"addresses": ["10.0.0.1"], "conditions": {}}]}
    found = decide(service(subnets="subnet-1, subnet-2", additional_resource_tags="lab=x,who=me"), [ready])
    assert found == Wanted(
        "a01", "default/web", False, ((80, (("10.0.0.1", 8080),)),), ("subnet-1", "subnet-2"),
        (("lab", "x"), ("who", "me")),
    )  # fmt: skip
    other = service()
    other["spec"]["type"] = "ClusterIP"
    assert decide(other, []) is None
    ending = service()
    ending["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert decide(ending, []) is None


def subnet(name: str, zone: str, route: Any = "internet-gateway") -> Subnet:
    return Subnet(name, "vpc-1", zone, "10.0.0.0/24", route)


def test_subnets_are_chosen_by_tags_and_else_by_routes() -> None:
    public, private = subnet("subnet-1", "a"), subnet("subnet-2", "a", "nat")
    other, second = subnet("subnet-3", "b"), subnet("subnet-4", "b")
    known: list[tuple[Subnet, dict[str, str]]] = [(each, {}) for each in (public, private, second, other)]
    assert choose(known, internal=False) == ["subnet-1", "subnet-3"]
    assert choose(known, internal=True) == ["subnet-2"]
    assert choose([(public, {})], internal=True) == ["subnet-1"]
    assert choose([(private, {})], internal=False) == []
    tagged = [*known, (subnet("subnet-5", "a"), {"kubernetes.io/role/elb": "1"})]
    assert choose(tagged, internal=False) == ["subnet-5"]
    inside = [*known, (subnet("subnet-6", "b"), {"kubernetes.io/role/internal-elb": ""})]
    assert choose(inside, internal=True) == ["subnet-6"]


class Fake:
    """Elastic Load Balancing as a note of what was asked."""

    def __init__(self) -> None:
        self.made: dict[str, Wanted] = {}
        self.refusal = ""

    def ensure(self, wanted: Wanted) -> str:
        if self.refusal:
            raise BalancerError(self.refusal)
        self.made[wanted.name] = wanted
        return f"{wanted.name}.elb"

    def delete(self, name: str) -> None:
        del self.made[name]


@pytest.fixture
def fake(server: Server) -> Iterator[Fake]:
    made, client = Fake(), Loopback(server.api, "service-controller")
    controllers = Controllers(client, [LoadBalancers(client, made, 100.0)])
    controllers.start()
    yield made
    controllers.close()


def reasons(server: Server) -> set[str]:
    return {each["reason"] for each in server.get("/api/v1/namespaces/default/events")["items"]}


def test_a_service_gets_its_load_balancer_and_goes_after_it(server: Server, fake: Fake) -> None:
    spec = {"type": "LoadBalancer", "ports": [{"port": 80}]}
    server.made(SERVICES, {"metadata": {"name": "web"}, "spec": spec})
    until(lambda: server.get(f"{SERVICES}/web")["status"]["loadBalancer"].get("ingress"))
    found = server.get(f"{SERVICES}/web")
    assert found["metadata"]["finalizers"] == [CLEANUP]
    assert found["status"]["loadBalancer"]["ingress"][0]["hostname"].endswith(".elb")
    until(lambda: reasons(server) == {"EnsuringLoadBalancer", "EnsuredLoadBalancer"})
    server.ask("DELETE", f"{SERVICES}/web")
    until(lambda: server.ask("GET", f"{SERVICES}/web")[0] == 404)
    assert fake.made == {}
    assert "DeletedLoadBalancer" in reasons(server)


def test_a_service_of_another_type_loses_its_load_balancer(server: Server, fake: Fake) -> None:
    spec = {"type": "LoadBalancer", "ports": [{"port": 80}]}
    server.made(SERVICES, {"metadata": {"name": "web"}, "spec": spec})
    until(lambda: fake.made)
    until(lambda: "EnsuredLoadBalancer" in reasons(server))
    server.patch(f"{SERVICES}/web", {"spec": {"type": "ClusterIP"}})
    until(lambda: not fake.made and "finalizers" not in server.get(f"{SERVICES}/web")["metadata"])
    assert server.get(f"{SERVICES}/web")["status"]["loadBalancer"].get("ingress") is None


def test_what_aws_refuses_is_told_and_tried_again(server: Server, fake: Fake) -> None:
    fake.refusal = "could not find any suitable subnets for creating the ELB"
    server.made(SERVICES, {"metadata": {"name": "web"}, "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]}})
    until(lambda: "SyncLoadBalancerFailed" in reasons(server))
    told = server.get("/api/v1/namespaces/default/events")["items"]
    assert any(fake.refusal in each["message"] and each["type"] == "Warning" for each in told)
    fake.refusal = ""
    until(lambda: fake.made)
    assert dataclasses.astuple(next(iter(fake.made.values())))[1] == "default/web"
