"""Whatever operation of ECS a client calls, the answer is one of AWS's, and never a page or a crash."""

import json
import threading
from typing import Any

import pytest

from lab_cloud.autoscaling.store import GroupStore
from lab_cloud.clock import Clock
from lab_cloud.delays import Delays
from lab_cloud.ecs.agents import Agents
from lab_cloud.ecs.api import EcsApi
from lab_cloud.ecs.exec_door import ExecDoor
from lab_cloud.ecs.express.surroundings import Surroundings
from lab_cloud.ecs.neighbours import AutoScalingNeighbour, Ec2Neighbour, ElbNeighbour, VpcNeighbour
from lab_cloud.ecs.refused import REFUSED
from lab_cloud.ecs.roles import Roles
from lab_cloud.ecs.store import Store
from lab_cloud.elb.targets import TargetRegistry
from lab_cloud.iam.authority import Authority
from lab_cloud.iam.guard import Guard
from lab_cloud.iam.vendor import Vendor
from lab_cloud.network.addresses import AddressBook
from lab_cloud.wire import model
from lab_cloud.wire.call import handler_of
from lab_cloud.wire.dispatch import Dispatcher
from lab_cloud.wire.moto_apps import MotoApps
from lab_cloud.wire.sigv4 import Request, Signer
from lab_cloud.world import World

ECS = model.load("ecs")
OPERATIONS = sorted(ECS.operations)
SHAPES = {*ECS.raw["shapes"], "UnsupportedOperation", "SerializationException", ""}
WRONG = ({"a": ["b"]}, ["a", {"b": 1}], ["a"], [], "a", "", -1, 0.5, True)


class NoRegistries:
    """No image lies in ECR."""

    def has(self, image: str) -> bool:
        return False

    def password(self, region: str, image: str, role: str, session: str) -> str | None:
        return None


@pytest.fixture(scope="module")
def dispatcher() -> Dispatcher:
    """ECS behind its door, without the signature; with a cluster and a task definition in it."""
    clock = Clock()
    made = Dispatcher(MotoApps(), lambda: None)
    neighbours = VpcNeighbour(AddressBook()), ElbNeighbour(TargetRegistry(clock)), AutoScalingNeighbour(GroupStore())
    authority = Authority(clock)
    hosts, store = Ec2Neighbour(authority), Store()
    agents = Agents(store, World(clock), hosts, Delays(clock))
    guard = Guard(authority, "KEY", threading.RLock())
    roles = Roles(authority, guard, Vendor("http://127.0.0.1:1", clock), made.invoke, hosts.role)
    door = ExecDoor("http://127.0.0.1:1", threading.RLock(), clock)
    around = Surroundings(made, threading.RLock(), authority)
    made.own("ecs", EcsApi(store, clock, *neighbours, hosts, agents, NoRegistries(), around, roles, door))
    assert answer(made, "CreateCluster", {"clusterName": "a"}) == ("", 200)
    container = {"name": "a", "image": "nginx", "memory": 64}
    assert answer(made, "RegisterTaskDefinition", {"family": "a", "containerDefinitions": [container]}) == ("", 200)
    return made


def answer(dispatcher: Dispatcher, operation: str, body: Any) -> tuple[str, int]:
    """Call with what no SDK would send; the error's code (empty when it went well) and the HTTP status."""
    headers = {"x-amz-target": f"{ECS.target_prefix}.{operation}", "content-type": "application/x-amz-json-1.1"}
    request = Request("POST", "/", "", headers, json.dumps(body).encode())
    response = dispatcher.answer(request, Signer("KEY", "us-east-1", "ecs"))
    assert response.headers["content-type"] == "application/x-amz-json-1.1"
    return json.loads(response.body).get("__type", ""), response.status


def smallest(shape_name: str, depth: int = 0) -> Any:
    """The smallest value that the model allows."""
    shape = ECS.shape(shape_name)
    kind = shape["type"]
    if kind == "structure":
        return {name: smallest(shape["members"][name]["shape"], depth + 1) for name in shape.get("required", ())}
    if kind == "list":
        return [smallest(shape["member"]["shape"], depth + 1)] if depth < 5 else []
    if kind == "string":
        return shape["enum"][0] if "enum" in shape else "a" * max(shape.get("min", 1), 1)
    if kind == "boolean":
        return True
    return {} if kind == "map" else max(shape.get("min", 1), 1)


def bodies(operation: str) -> list[Any]:
    shape = ECS.input_shape(operation)
    members = {name: item["shape"] for name, item in ECS.shape(shape)["members"].items()} if shape else {}
    least = smallest(shape) if shape else {}
    found: list[Any] = [{}, least, [], *(dict.fromkeys(members, value) for value in WRONG)]
    found += [{**least, name: smallest(kind)} for name, kind in members.items()]
    found += [{**least, name: value} for name in members for value in WRONG]
    found.append({name: smallest(kind) for name, kind in members.items()})
    return found


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_answers_in_awss_shape(dispatcher: Dispatcher, operation: str) -> None:
    for body in bodies(operation):
        code, status = answer(dispatcher, operation, body)
        assert status < 500, (body, code)
        assert code in SHAPES
        assert (code == "UnsupportedOperation") == (operation in REFUSED)


def test_every_operation_is_answered_or_refused_with_a_reason() -> None:
    answered = {name for name in OPERATIONS if handler_of(EcsApi, name) is not None}
    assert answered & set(REFUSED) == set()
    assert answered | set(REFUSED) == set(OPERATIONS)
