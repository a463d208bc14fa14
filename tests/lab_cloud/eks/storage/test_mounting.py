"""Volumes on nodes, with a driver of the test's own and an API server without its port."""

from pathlib import Path
from typing import Any

import pytest

from lab_cloud.eks.agents.node import GIB, Node
from lab_cloud.eks.agents.volumes import NotMounted
from lab_cloud.eks.controllers.client import Loopback
from lab_cloud.eks.fargate import COMPUTE
from lab_cloud.eks.storage.driver import DriverError, Made, Object, Wish
from lab_cloud.eks.storage.mounting import DRIVERS, Attachments
from tests.lab_cloud.eks.kubernetes.server import PODS, Server, pod

EBS, EFS = "ebs.csi.aws.com", "efs.csi.aws.com"


class Driver:
    """Remembers what it was asked for."""

    name, attaches, grows = EBS, True, False

    def __init__(self, folder: Path) -> None:
        self.done: list[str] = []
        self.broken = False
        self._folder = folder

    def create(self, wish: Wish) -> Made:
        raise NotImplementedError

    def delete(self, volume: Object) -> None:
        raise NotImplementedError

    def grow(self, volume: Object, size: float) -> float:
        raise NotImplementedError

    def attach(self, volume: Object, node: Node) -> None:
        if self.broken:
            raise DriverError("Internal", "no")
        self.done.append(f"attach {node.name}")

    def detach(self, volume: Object, node: Node) -> None:
        self.done.append(f"detach {node.name}")

    def folder(self, volume: Object, node: Node) -> Path:
        return self._folder


class Bench:
    """Two nodes, and pods of both."""

    def __init__(self, folder: Path) -> None:
        self.server = Server()
        self.driver = Driver(folder)
        client = Loopback(self.server.api, "test")
        self.attachments = Attachments(client, {EBS: self.driver, EFS: self.driver}, lambda: 1_700_000_000.0)

    def install(self, name: str) -> None:
        self.server.made(DRIVERS, {"metadata": {"name": name}, "spec": {}})

    def pod(self, name: str) -> dict[str, Any]:
        return self.server.made(PODS, pod(name))

    def reasons(self) -> list[str]:
        return [each["reason"] for each in self.server.get("/api/v1/namespaces/default/events")["items"]]


def node(name: str, **labels: str) -> Node:
    return Node(
        name, f"aws:///us-east-1a/i-{name}", "demo", "t3.medium", "us-east-1a", "us-east-1", "192.168.0.4", 2,
        4 * GIB, 17, "1.36", labels=labels,
    )  # fmt: skip


def volume(driver: str = EBS, mode: str = "ReadWriteOnce") -> dict[str, Any]:
    source = {"driver": driver, "volumeHandle": "vol-1"}
    return {"metadata": {"name": "pv-1"}, "spec": {"accessModes": [mode], "csi": source}}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_a_volume_is_on_one_node_as_long_as_a_pod_there_uses_it(bench: Bench, tmp_path: Path) -> None:
    bench.install(EBS)
    one, two, three = (bench.pod(name) for name in ("one", "two", "three"))
    assert bench.attachments.mount(one, volume(), node("a")) == tmp_path
    bench.attachments.mount(two, volume(), node("a"))
    with pytest.raises(NotMounted) as caught:
        bench.attachments.mount(three, volume(), node("b"))
    assert str(caught.value) == 'Multi-Attach error for volume "pv-1" Volume is already used by pod(s) one, two'
    assert caught.value.reason == "FailedAttachVolume"
    bench.attachments.release(one, node("a"))
    assert bench.driver.done == ["attach a"]
    bench.attachments.release(two, node("a"))
    bench.attachments.mount(three, volume(), node("b"))
    assert bench.driver.done == ["attach a", "detach a", "attach b"]
    assert bench.reasons() == ["SuccessfulAttachVolume"] * 2


def test_a_volume_for_many_is_on_many_nodes(bench: Bench) -> None:
    bench.install(EBS)
    for name in ("a", "b"):
        bench.attachments.mount(bench.pod(name), volume(mode="ReadWriteMany"), node(name))
    assert bench.driver.done == ["attach a", "attach b"]


def test_a_refusal_is_told_and_tried_again(bench: Bench) -> None:
    bench.install(EBS)
    bench.driver.broken = True
    one = bench.pod("one")
    with pytest.raises(NotMounted, match=r"AttachVolume\.Attach failed for volume"):
        bench.attachments.mount(one, volume(), node("a"))
    bench.driver.broken = False
    bench.attachments.mount(one, volume(), node("a"))
    assert bench.driver.done == ["attach a"]


def test_a_driver_that_is_not_there_mounts_nothing_but_on_fargate_efs(bench: Bench, tmp_path: Path) -> None:
    one = bench.pod("one")
    with pytest.raises(NotMounted, match=r"driver name ebs.csi.aws.com not found in the list of registered CSI"):
        bench.attachments.mount(one, volume(), node("a"))
    with pytest.raises(NotMounted, match=r"driver name efs.csi.aws.com not found"):
        bench.attachments.mount(one, volume(EFS), node("a"))
    bench.driver.attaches = False
    assert bench.attachments.mount(one, volume(EFS), node("a", **{COMPUTE: "fargate"})) == tmp_path
    other = {"metadata": {"name": "pv-2"}, "spec": {"hostPath": {"path": "/"}}}
    with pytest.raises(NotMounted, match="hostPath is not simulated here"):
        bench.attachments.mount(one, other, node("a"))
