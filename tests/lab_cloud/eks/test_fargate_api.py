"""Fargate profiles and their pods through boto3 and the Kubernetes client, against a real cloud."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.lab_cloud.eks.place import EksPlace
from tests.lab_cloud.eks.test_clusters_api import refused
from tests.waiting import until

INVALID = "InvalidParameterException"
SELECTORS = [{"namespace": "default", "labels": {"on": "fargate"}}]


class Serverless:
    """A cluster with private subnets, and a profile."""

    def __init__(self, place: EksPlace) -> None:
        self.place = place
        self.cluster = place.make(accessConfig={"authenticationMode": "API"})
        ec2 = place.cloud.client("ec2")
        vpc = ec2.describe_subnets(SubnetIds=[place.subnets[0]])["Subnets"][0]["VpcId"]
        self.private = str(ec2.create_subnet(VpcId=vpc, CidrBlock="172.31.248.0/24")["Subnet"]["SubnetId"])
        table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        ec2.associate_route_table(RouteTableId=table, SubnetId=self.private)
        address = ec2.allocate_address(Domain="vpc")["AllocationId"]
        nat = ec2.create_nat_gateway(SubnetId=place.subnets[0], AllocationId=address)["NatGateway"]["NatGatewayId"]
        ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
        self.role = place.make_role("eks-fargate-pods.amazonaws.com")
        place.active(self.cluster)
        self.core = place.core(self.cluster)
        self.which = {"clusterName": self.cluster, "fargateProfileName": "web"}

    def create(self, **options: Any) -> dict[str, Any]:
        asked = {"podExecutionRoleArn": self.role, "subnets": [self.private], "selectors": SELECTORS, **self.which}
        return dict(self.place.api.create_fargate_profile(**{**asked, **options})["fargateProfile"])

    def status(self) -> str:
        return str(self.place.api.describe_fargate_profile(**self.which)["fargateProfile"]["status"])

    def pod(self, name: str, **spec: Any) -> None:
        container = {"name": "web", "image": "nginx", "resources": {"requests": {"cpu": "250m", "memory": "512Mi"}}}
        body = {"metadata": {"name": name, "labels": {"on": "fargate"}}, "spec": {"containers": [container], **spec}}
        self.core.create_namespaced_pod("default", body)

    def read(self, name: str) -> Any:
        return self.core.read_namespaced_pod(name, "default")

    def events(self, name: str) -> str:
        found = self.core.list_namespaced_event("default", field_selector=f"involvedObject.name={name}").items
        return " ".join(each.message for each in found)


@pytest.fixture(scope="module")
def serverless(eks: EksPlace) -> Iterator[Serverless]:
    made = Serverless(eks)
    yield made
    until(lambda: made.place.api.delete_cluster(name=made.cluster), 20)


def test_profiles_that_cannot_be_made(serverless: Serverless) -> None:
    def bad(words: str, **options: Any) -> None:
        refused(INVALID, words, serverless.create, **options)

    bad("cannot be found", podExecutionRoleArn="arn:aws:iam::123456789012:role/none")
    bad("Misconfigured PodExecutionRole Trust Policy", podExecutionRoleArn=serverless.place.role)
    bad("is not a private subnet", subnets=[serverless.place.subnets[0]])
    bad("does not exist", subnets=["subnet-00000000"])
    bad("between 1 and 5 selectors", selectors=[])
    bad("must name a namespace", selectors=[{"labels": {"a": "b"}}])
    bad("is not valid", fargateProfileName="-")
    words = "No Fargate Profile found with name: web."
    refused("ResourceNotFoundException", words, serverless.place.api.describe_fargate_profile, **serverless.which)


def test_a_profile_becomes_active(serverless: Serverless) -> None:
    assert serverless.create(tags={"lab": "containers-on-aws"})["status"] == "CREATING"
    refused("ResourceInUseException", "already exists", serverless.create)
    until(lambda: serverless.status() == "ACTIVE")
    assert serverless.place.api.list_fargate_profiles(clusterName=serverless.cluster)["fargateProfileNames"] == ["web"]
    entry = {"clusterName": serverless.cluster, "principalArn": serverless.role}
    assert serverless.place.api.describe_access_entry(**entry)["accessEntry"]["type"] == "FARGATE_LINUX"
    username = serverless.place.api.describe_access_entry(**entry)["accessEntry"]["username"]
    assert username == "system:node:{{SessionName}}"
    words = "Cluster has Fargate Profiles in ACTIVE/CREATING state"
    refused("ResourceInUseException", words, serverless.place.api.delete_cluster, name=serverless.cluster)


def test_each_pod_has_a_node_of_its_own(serverless: Serverless) -> None:
    serverless.pod("one")
    until(lambda: serverless.read("one").status.phase == "Running", 30)
    found = serverless.read("one")
    assert found.metadata.annotations["CapacityProvisioned"] == "0.25vCPU 1GB"
    assert found.spec.scheduler_name == "fargate-scheduler"
    (node,) = serverless.core.list_node().items
    assert found.spec.node_name == node.metadata.name
    assert node.metadata.name.startswith("fargate-ip-172-31-248-")
    assert node.metadata.labels["eks.amazonaws.com/compute-type"] == "fargate"
    assert [each.effect for each in node.spec.taints] == ["NoSchedule"]
    serverless.core.delete_namespaced_pod("one", "default", grace_period_seconds=1)
    until(lambda: not serverless.core.list_node().items, 20)


def test_without_access_entries_the_role_is_in_aws_auth(serverless: Serverless) -> None:
    place, role = serverless.place, serverless.role
    cluster = place.make()
    assert place.active(cluster)["accessConfig"]["authenticationMode"] == "CONFIG_MAP"
    core, which = place.core(cluster), {"clusterName": cluster, "fargateProfileName": "web"}
    place.api.create_fargate_profile(
        **which, podExecutionRoleArn=role, subnets=[serverless.private], selectors=SELECTORS
    )

    def listed() -> bool:
        found = core.list_namespaced_config_map("kube-system").items
        return any(role in (each.data or {}).get("mapRoles", "") for each in found)

    until(listed, 20)
    place.api.delete_fargate_profile(**which)
    until(lambda: not listed(), 20)
    until(lambda: not place.api.list_fargate_profiles(clusterName=cluster)["fargateProfileNames"], 20)
    place.api.delete_cluster(name=cluster)


def test_what_fargate_cannot_run_waits_with_the_reason(serverless: Serverless) -> None:
    serverless.pod("bad", hostNetwork=True)
    until(lambda: "Pod not supported on Fargate: fields not supported: HostNetwork" in serverless.events("bad"))
    assert serverless.read("bad").status.phase == "Pending"


def test_a_deleted_profile_takes_its_pods_along(serverless: Serverless) -> None:
    serverless.place.api.delete_fargate_profile(**serverless.which)
    refused("ResourceInUseException", "DELETING", serverless.create, fargateProfileName="other")
    api = serverless.place.api
    until(lambda: not api.list_fargate_profiles(clusterName=serverless.cluster)["fargateProfileNames"], 20)
    assert not serverless.core.list_namespaced_pod("default").items
