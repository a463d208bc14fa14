"""Clusters through boto3, against a real cloud."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from lab_cloud.eks.reconciler import View, decide
from tests.lab_cloud.eks.place import EksPlace
from tests.waiting import until


def refused(code: str, words: str, call: Any, **params: Any) -> None:
    with pytest.raises(ClientError) as caught:
        call(**params)
    assert caught.value.response["Error"]["Code"] == code, caught.value
    assert words in caught.value.response["Error"]["Message"]


def test_a_cluster_becomes_active_with_an_api_server(eks: EksPlace) -> None:
    name = eks.make(tags={"lab": "containers-on-aws"}, version="1.35")
    made = eks.describe(name)
    assert made["status"] == "CREATING"
    assert "endpoint" not in made
    found = eks.active(name)
    assert found["arn"] == f"arn:aws:eks:us-east-1:123456789012:cluster/{name}"
    assert (found["version"], found["tags"]) == ("1.35", {"lab": "containers-on-aws"})
    assert found["endpoint"].startswith("https://127.0.0.1:")
    assert found["certificateAuthority"]["data"]
    assert found["accessConfig"]["authenticationMode"] == "CONFIG_MAP"
    assert set(found["resourcesVpcConfig"]["subnetIds"]) == set(eks.subnets)
    group = found["resourcesVpcConfig"]["clusterSecurityGroupId"]
    shown = eks.cloud.client("ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
    assert shown["GroupName"].startswith(f"eks-cluster-sg-{name}-")
    assert name in eks.api.list_clusters()["clusters"]
    refused("ResourceInUseException", "already exists", eks.make, name=name)
    assert eks.api.delete_cluster(name=name)["cluster"]["status"] == "DELETING"
    refused("ResourceInUseException", "DELETING", eks.api.delete_cluster, name=name)
    until(lambda: name not in eks.api.list_clusters()["clusters"], 20)
    refused("ResourceNotFoundException", f"No cluster found for name: {name}.", eks.api.describe_cluster, name=name)


def test_clusters_that_cannot_be_made(eks: EksPlace) -> None:
    invalid = "InvalidParameterException"
    absent = "arn:aws:iam::123456789012:role/none"
    refused(invalid, "could not be assumed", eks.make, roleArn=absent)
    refused(invalid, "eks.amazonaws.com", eks.make, roleArn=eks.make_role("ec2.amazonaws.com"))
    refused(invalid, "unsupported Kubernetes version 1.12", eks.make, version="1.12")
    one = {"subnetIds": eks.subnets[:1]}
    refused(invalid, "in at least two different AZs", eks.make, resourcesVpcConfig=one)
    refused(invalid, "in at least two different AZs", eks.make, resourcesVpcConfig={})
    unknown = {"subnetIds": ["subnet-00000000", eks.subnets[0]]}
    refused(invalid, "'subnet-00000000' does not exist", eks.make, resourcesVpcConfig=unknown)
    groups = {"subnetIds": eks.subnets, "securityGroupIds": ["sg-00000000"]}
    refused(invalid, "'sg-00000000' does not exist", eks.make, resourcesVpcConfig=groups)
    closed = {"subnetIds": eks.subnets, "endpointPublicAccess": False, "endpointPrivateAccess": False}
    refused(invalid, "cannot both be disabled", eks.make, resourcesVpcConfig=closed)
    refused(invalid, "service CIDR", eks.make, kubernetesNetworkConfig={"serviceIpv4Cidr": "8.8.0.0/16"})
    refused(invalid, "IPv6", eks.make, kubernetesNetworkConfig={"ipFamily": "ipv6"})
    refused(invalid, "Auto Mode", eks.make, computeConfig={"enabled": True})
    refused(invalid, "failed to satisfy constraint", eks.make, name="-not-a-name-")


def test_two_subnets_of_one_zone_are_not_enough(eks: EksPlace) -> None:
    ec2 = eks.cloud.client("ec2")
    known = ec2.describe_subnets(SubnetIds=[eks.subnets[0]])["Subnets"][0]
    more = ec2.create_subnet(
        VpcId=known["VpcId"], CidrBlock="172.31.240.0/24", AvailabilityZone=known["AvailabilityZone"]
    )["Subnet"]["SubnetId"]
    both = {"subnetIds": [eks.subnets[0], more]}
    refused("InvalidParameterException", "in at least two different AZs", eks.make, resourcesVpcConfig=both)


def test_regions_have_clusters_of_their_own(eks: EksPlace) -> None:
    other = eks.cloud.session().client("eks", "eu-west-1", endpoint_url=eks.cloud.endpoint)
    assert eks.shared not in other.list_clusters()["clusters"]


def test_updates_take_their_time_and_come_one_by_one(eks: EksPlace) -> None:
    name = eks.make(version="1.34")
    refused("ResourceInUseException", "CREATING", eks.api.update_cluster_version, name=name, version="1.35")
    eks.active(name)
    for version, words in (
        ("1.36", "Unsupported Kubernetes minor version update"),
        ("1.34", "already at"),
        ("2", "unsupp"),
    ):
        refused("InvalidParameterException", words, eks.api.update_cluster_version, name=name, version=version)
    update = eks.api.update_cluster_version(name=name, version="1.35")["update"]
    assert (update["status"], update["type"]) == ("InProgress", "VersionUpdate")
    assert eks.describe(name)["status"] == "UPDATING"
    assert eks.active(name)["version"] == "1.35"
    assert eks.api.describe_update(name=name, updateId=update["id"])["update"]["status"] == "Successful"
    logging = {"clusterLogging": [{"types": ["api"], "enabled": True}]}
    update = eks.api.update_cluster_config(name=name, logging=logging)["update"]
    assert eks.active(name)["logging"]["clusterLogging"][0] == {"types": ["api"], "enabled": True}
    access = {"endpointPublicAccess": True, "endpointPrivateAccess": True}
    eks.api.update_cluster_config(name=name, resourcesVpcConfig=access)
    assert eks.active(name)["resourcesVpcConfig"]["endpointPrivateAccess"] is True
    invalid = "InvalidParameterException"
    refused(invalid, "not provided", eks.api.update_cluster_config, name=name)
    refused(invalid, "one type", eks.api.update_cluster_config, name=name, logging=logging, deletionProtection=True)
    assert len(eks.api.list_updates(name=name)["updateIds"]) == 3
    refused("ResourceNotFoundException", "No update", eks.api.describe_update, name=name, updateId="none")


def test_a_protected_cluster_stays(eks: EksPlace) -> None:
    name = eks.make(deletionProtection=True)
    eks.active(name)
    refused("InvalidRequestException", "deletion protection", eks.api.delete_cluster, name=name)
    eks.api.update_cluster_config(name=name, deletionProtection=False)
    eks.active(name)
    eks.api.delete_cluster(name=name)


def test_versions_have_dates(eks: EksPlace) -> None:
    found = eks.api.describe_cluster_versions()["clusterVersions"]
    assert [each["clusterVersion"] for each in found if each["defaultVersion"]] == ["1.36"]
    assert {each["versionStatus"] for each in found} == {"STANDARD_SUPPORT", "EXTENDED_SUPPORT"}
    assert all(each["releaseDate"] < each["endOfStandardSupportDate"] for each in found)


def test_tags(eks: EksPlace) -> None:
    arn = eks.describe(eks.shared)["arn"]
    eks.api.tag_resource(resourceArn=arn, tags={"a": "1", "b": "2"})
    eks.api.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert eks.api.list_tags_for_resource(resourceArn=arn)["tags"] == {"b": "2"}
    absent = arn.replace(eks.shared, "none")
    refused("NotFoundException", absent, eks.api.list_tags_for_resource, resourceArn=absent)


@pytest.mark.parametrize(
    ("view", "step"),
    [
        (View("CREATING", 10, answers=False, failed=False, updates_due=True), "open"),
        (View("CREATING", 10, answers=True, failed=False, updates_due=True), "wait"),
        (View("CREATING", 5, answers=True, failed=False, updates_due=True), "activate"),
        (View("CREATING", 5, answers=False, failed=True, updates_due=True), "fail"),
        (View("UPDATING", 0, answers=True, failed=False, updates_due=False), "wait"),
        (View("UPDATING", 0, answers=True, failed=False, updates_due=True), "finish-updates"),
        (View("DELETING", 10, answers=True, failed=False, updates_due=True), "wait"),
        (View("DELETING", 5, answers=True, failed=False, updates_due=True), "remove"),
        (View("ACTIVE", 0, answers=True, failed=False, updates_due=True), "wait"),
    ],
)
def test_what_a_cluster_does_next(view: View, step: str) -> None:
    assert decide(view, 5) == step
