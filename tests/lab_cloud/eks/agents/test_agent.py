"""A node joins: what its agent writes."""

from kubernetes import client as k8s

from tests.lab_cloud.eks.agents.hosts import Hosts
from tests.waiting import until

LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"


def test_a_node_registers_itself_with_all_that_clients_ask_for(hosts: Hosts) -> None:
    hosts.fleet.join(hosts.node("one", taints=[{"key": "a", "value": "b", "effect": "NoSchedule"}]))
    found = until(lambda: hosts.ready("one"))
    read = k8s.ApiClient()._ApiClient__deserialize(found, "V1Node")
    assert read.status.node_info.boot_id
    assert "simulated" in read.status.node_info.os_image
    assert read.status.allocatable["cpu"] == "1930m"
    assert read.status.allocatable["memory"] == f"{(4096 - 255 - 187 - 100) * 1024}Ki"
    assert read.spec.taints[0].key == "a"
    assert read.metadata.labels["topology.kubernetes.io/zone"] == "us-east-1a"


def test_nobody_sees_a_node_without_its_conditions(hosts: Hosts) -> None:
    hosts.fleet.join(hosts.node("new"))
    first = until(lambda: hosts.server.get("/api/v1/nodes/new"))
    assert {each["type"] for each in first["status"]["conditions"]} > {"Ready", "MemoryPressure"}


def test_a_node_renews_its_lease_and_takes_its_own_name_again(hosts: Hosts) -> None:
    hosts.fleet.join(hosts.node("two"))
    lease = until(lambda: hosts.server.get(f"{LEASES}/two"))
    assert lease["spec"]["holderIdentity"] == "two"
    assert lease["metadata"]["ownerReferences"][0]["uid"] == hosts.server.get("/api/v1/nodes/two")["metadata"]["uid"]
    hosts.fleet.leave("two")
    assert not hosts.fleet.has("two")
    hosts.fleet.join(hosts.node("two", labels={"mine": "yes"}))
    until(lambda: hosts.server.get("/api/v1/nodes/two")["metadata"]["labels"].get("mine"))
