"""Managed node groups through boto3 and the Kubernetes client, against a real cloud."""

from typing import Any

import pytest

from tests.lab_cloud.eks.place import EksPlace
from tests.lab_cloud.eks.test_clusters_api import refused
from tests.waiting import until


class Group:
    """A node group of a cluster of its own."""

    def __init__(self, place: EksPlace, **options: Any) -> None:
        self.place = place
        self.name = "workers"
        self.cluster = place.make(accessConfig={"authenticationMode": "API_AND_CONFIG_MAP"})
        place.active(self.cluster)
        self.core = place.core(self.cluster)
        self.role = place.node_role()
        self.make(**options)

    def make(self, **options: Any) -> None:
        asked = {"subnets": self.place.subnets, "nodeRole": self.role, **options}
        self.place.api.create_nodegroup(clusterName=self.cluster, nodegroupName=self.name, **asked)

    def describe(self) -> dict[str, Any]:
        found = self.place.api.describe_nodegroup(clusterName=self.cluster, nodegroupName=self.name)
        return dict(found["nodegroup"])

    def becomes(self, status: str) -> dict[str, Any]:
        until(lambda: self.describe()["status"] == status, 30)
        return self.describe()

    def nodes(self) -> list[Any]:
        return list(self.core.list_node().items)

    def ready(self, count: int) -> bool:
        found = [
            any(each.type == "Ready" and each.status == "True" for each in node.status.conditions)
            for node in self.nodes()
        ]
        return found == [True] * count


@pytest.fixture(scope="module")
def group(eks: EksPlace) -> Group:
    made = Group(
        eks,
        scalingConfig={"minSize": 1, "maxSize": 4, "desiredSize": 2},
        labels={"team": "a"},
        taints=[{"key": "only", "value": "gpu", "effect": "PREFER_NO_SCHEDULE"}],
        tags={"lab": "containers-on-aws"},
    )
    made.becomes("ACTIVE")
    return made


def test_a_node_group_has_ready_nodes(group: Group) -> None:
    found = group.describe()
    assert (found["amiType"], found["capacityType"], found["version"]) == (
        "AL2023_x86_64_STANDARD",
        "ON_DEMAND",
        "1.36",
    )
    assert found["instanceTypes"] == ["t3.medium"]
    assert found["health"]["issues"] == []
    nodes = group.nodes()
    assert len(nodes) == 2
    assert group.ready(2)
    labels = nodes[0].metadata.labels
    assert labels["eks.amazonaws.com/nodegroup"] == "workers"
    assert labels["team"] == "a"
    assert nodes[0].spec.taints[0].key == "only"
    assert nodes[0].status.allocatable["pods"] == "17"
    assert "simulated" in nodes[0].status.node_info.os_image
    scaling = found["resources"]["autoScalingGroups"][0]["name"]
    known = group.place.cloud.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[scaling])
    instances = {each["InstanceId"] for each in known["AutoScalingGroups"][0]["Instances"]}
    assert {each.spec.provider_id.rpartition("/")[2] for each in nodes} == instances
    entries = group.place.api.list_access_entries(clusterName=group.cluster)["accessEntries"]
    assert group.role in entries


def test_a_cluster_with_a_node_group_stays(group: Group) -> None:
    refused(
        "ResourceInUseException", "Cluster has nodegroups attached", group.place.api.delete_cluster, name=group.cluster
    )
