"""Managed node groups through boto3 and the Kubernetes client, against a real cloud."""

from typing import Any

import pytest

from tests.lab_cloud.eks.place import NODE_POLICIES, EksPlace
from tests.lab_cloud.eks.test_clusters_api import refused
from tests.waiting import until

CNI_POLICY = "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy"


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


def test_node_groups_that_cannot_be_made(group: Group) -> None:
    def bad(words: str, code: str = "InvalidParameterException", **options: Any) -> None:
        asked = {"nodegroupName": "bad", "subnets": group.place.subnets, "nodeRole": group.role, **options}
        refused(code, words, group.place.api.create_nodegroup, clusterName=group.cluster, **asked)

    bad("already exists with name workers", "ResourceInUseException", nodegroupName="workers")
    bad("The nodegroup name", nodegroupName="-bad")
    bad("cannot be found", nodeRole="arn:aws:iam::123456789012:role/none")
    bad("[ec2.amazonaws.com] were not found in the trust", nodeRole=group.place.role)
    bad("'subnet-00000000' does not exist", subnets=["subnet-00000000"])
    bad("instance types do not exist: [t9.huge]", instanceTypes=["t9.huge"])
    bad("[t4g.medium] is not a valid instance type", instanceTypes=["t4g.medium"])
    bad(
        "Minimum capacity 3 can't be greater than desired size 2",
        scalingConfig={"minSize": 3, "maxSize": 4, "desiredSize": 2},
    )
    bad(
        "desired capacity 3 can't be greater than max size 2",
        scalingConfig={"minSize": 1, "maxSize": 2, "desiredSize": 3},
    )
    bad("can't be greater than maximum", scalingConfig={"minSize": 5, "maxSize": 2})
    bad("not supported", version="1.20")
    bad("release version", releaseVersion="1.36.0-20200101")
    bad("reserved prefixes", labels={"eks.amazonaws.com/x": "y"})
    bad("label value", labels={"x": "not valid!"})
    bad("unique", taints=[{"key": "a", "value": "1", "effect": "NO_SCHEDULE"}, {"key": "a", "effect": "NO_SCHEDULE"}])
    bad("Only one of", updateConfig={"maxUnavailable": 1, "maxUnavailablePercentage": 50})
    bad("key pair 'none' does not exist", remoteAccess={"ec2SshKey": "none"})
    bad("is not here", amiType="WINDOWS_CORE_2025_x86_64")
    bad("needs a launch template", amiType="CUSTOM")
    bad("not supported for AMI type", amiType="AL2_x86_64")
    bad("can't be found", launchTemplate={"name": "none"})
    bad("Capacity blocks", capacityType="CAPACITY_BLOCK")
    bad("Warm pools", warmPoolConfig={"enabled": True})
    absent = {"clusterName": group.cluster, "nodegroupName": "none"}
    for call in (group.place.api.describe_nodegroup, group.place.api.delete_nodegroup):
        refused("ResourceNotFoundException", "No node group found for name: none.", call, **absent)


def test_sizes_labels_and_taints_change(group: Group) -> None:
    api, which = group.place.api, {"clusterName": group.cluster, "nodegroupName": "workers"}
    update = api.update_nodegroup_config(**which, scalingConfig={"minSize": 1, "maxSize": 4, "desiredSize": 3})[
        "update"
    ]
    assert (update["status"], update["type"]) == ("InProgress", "ConfigUpdate")
    refused("ResourceInUseException", "not in Active State", api.update_nodegroup_version, **which)
    group.becomes("ACTIVE")
    assert group.ready(3)
    assert api.list_updates(name=group.cluster, nodegroupName="workers")["updateIds"] == [update["id"]]
    done = api.describe_update(name=group.cluster, nodegroupName="workers", updateId=update["id"])["update"]
    assert done["status"] == "Successful"
    labels = {"addOrUpdateLabels": {"tier": "web"}, "removeLabels": ["team"]}
    taints = {"removeTaints": [{"key": "only", "value": "gpu", "effect": "PREFER_NO_SCHEDULE"}]}
    api.update_nodegroup_config(**which, labels=labels, taints=taints)
    group.becomes("ACTIVE")
    until(lambda: all(each.metadata.labels.get("tier") == "web" for each in group.nodes()))
    assert all("team" not in each.metadata.labels for each in group.nodes())
    assert all(not each.spec.taints for each in group.nodes())
    api.update_nodegroup_config(**which, scalingConfig={"desiredSize": 2})
    group.becomes("ACTIVE")
    until(lambda: group.ready(2), 20)


def test_a_killed_instance_is_replaced(group: Group) -> None:
    victim = group.nodes()[0]
    instance = victim.spec.provider_id.rpartition("/")[2]
    group.place.cloud.client("ec2").terminate_instances(InstanceIds=[instance])
    until(lambda: victim.metadata.uid not in {each.metadata.uid for each in group.nodes()}, 20)
    until(lambda: group.ready(2), 20)
    assert group.describe()["status"] == "ACTIVE"


def test_a_new_release_replaces_the_nodes(group: Group) -> None:
    api, which = group.place.api, {"clusterName": group.cluster, "nodegroupName": "workers"}
    before = {each.metadata.name for each in group.nodes()}
    old = group.describe()["releaseVersion"]
    api.update_nodegroup_version(**which, releaseVersion="1.36.0-20261015")
    assert group.describe()["releaseVersion"] == old
    assert group.becomes("ACTIVE")["releaseVersion"] == "1.36.0-20261015"
    until(lambda: group.ready(2), 20)
    assert not before & {each.metadata.name for each in group.nodes()}


def test_a_node_group_without_access_is_degraded(group: Group) -> None:
    api = group.place.api
    api.delete_access_entry(clusterName=group.cluster, principalArn=group.role)
    (issue,) = group.becomes("DEGRADED")["health"]["issues"]
    assert (issue["code"], issue["resourceIds"]) == ("AccessDenied", [group.role])
    api.create_access_entry(clusterName=group.cluster, principalArn=group.role, type="EC2_LINUX")
    assert group.becomes("ACTIVE")["health"]["issues"] == []


@pytest.mark.parametrize(
    ("policies", "words"),
    [
        (NODE_POLICIES[1:], "Instances failed to join the kubernetes cluster"),
        (NODE_POLICIES[:2], "Unhealthy nodes in the kubernetes cluster"),
    ],
)
def test_without_a_policy_it_fails(group: Group, policies: tuple[str, ...], words: str) -> None:
    role = group.place.node_role(*policies)
    name = group.place.cloud.name("bad")
    asked = {"clusterName": group.cluster, "nodegroupName": name}
    group.place.api.create_nodegroup(**asked, subnets=group.place.subnets, nodeRole=role)

    def status() -> Any:
        return group.place.api.describe_nodegroup(**asked)["nodegroup"]

    until(lambda: status()["status"] == "CREATE_FAILED", 30)
    (issue,) = status()["health"]["issues"]
    assert issue["code"] == "NodeCreationFailure"
    assert words in issue["message"]
    assert NODE_POLICIES[0 if policies[0] != NODE_POLICIES[0] else 2] in issue["message"]
    refused("InvalidRequestException", "CREATE_FAILED", group.place.api.update_nodegroup_version, **asked)
    group.place.api.delete_nodegroup(**asked)
    until(lambda: name not in group.place.api.list_nodegroups(clusterName=group.cluster)["nodegroups"], 30)


def test_subnets_that_give_no_addresses(group: Group) -> None:
    """A public subnet that assigns no public addresses, and a subnet that is full."""
    ec2, api = group.place.cloud.client("ec2"), group.place.api
    vpc = ec2.describe_subnets(SubnetIds=[group.place.subnets[0]])["Subnets"][0]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="172.31.253.0/28")["Subnet"]["SubnetId"]
    sizes = {"minSize": 1, "maxSize": 20, "desiredSize": 12}
    asked = {"clusterName": group.cluster, "subnets": [subnet], "nodeRole": group.role, "scalingConfig": sizes}

    def fails(name: str) -> list[str]:
        def status() -> Any:
            return api.describe_nodegroup(clusterName=group.cluster, nodegroupName=name)["nodegroup"]

        api.create_nodegroup(nodegroupName=name, **asked)
        until(lambda: status()["status"] == "CREATE_FAILED", 30)
        codes = [each["code"] for each in status()["health"]["issues"]]
        api.delete_nodegroup(clusterName=group.cluster, nodegroupName=name)
        until(lambda: name not in api.list_nodegroups(clusterName=group.cluster)["nodegroups"], 30)
        return codes

    assert fails("silent") == ["Ec2SubnetInvalidConfiguration"]
    ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": True})
    assert fails("full") == ["InsufficientFreeAddresses"]


def test_the_network_policy_may_come_later(group: Group) -> None:
    """Nodes become Ready when the CNI policy is attached, without being replaced."""
    group.place.iam.detach_role_policy(RoleName=group.role.rpartition("/")[2], PolicyArn=CNI_POLICY)
    until(lambda: not group.ready(2), 10)
    messages = [each.message for each in group.nodes()[0].status.conditions if each.type == "Ready"]
    assert "cni plugin not initialized" in messages[0]
    group.place.iam.attach_role_policy(RoleName=group.role.rpartition("/")[2], PolicyArn=CNI_POLICY)
    until(lambda: group.ready(2), 10)


def test_a_deleted_node_group_leaves_nothing(group: Group) -> None:
    scaling = group.describe()["resources"]["autoScalingGroups"][0]["name"]
    group.place.api.delete_nodegroup(clusterName=group.cluster, nodegroupName="workers")
    assert group.describe()["status"] == "DELETING"
    until(lambda: "workers" not in group.place.api.list_nodegroups(clusterName=group.cluster)["nodegroups"], 30)
    client = group.place.cloud.client("autoscaling")
    assert client.describe_auto_scaling_groups(AutoScalingGroupNames=[scaling])["AutoScalingGroups"] == []
    until(lambda: group.nodes() == [], 10)
    assert group.role not in group.place.api.list_access_entries(clusterName=group.cluster)["accessEntries"]
    group.place.api.delete_cluster(name=group.cluster)
