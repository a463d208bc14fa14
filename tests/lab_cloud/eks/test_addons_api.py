"""Add-ons and pod identity through boto3, against a real cloud."""

from collections.abc import Iterator
from typing import Any

import kubernetes
import pytest

from lab_cloud.eks.addon import View, decide, problems
from tests.lab_cloud.eks.place import EksPlace
from tests.lab_cloud.eks.test_clusters_api import refused
from tests.waiting import until

INVALID = "InvalidParameterException"


@pytest.fixture(scope="module")
def cluster(eks: EksPlace) -> Iterator[str]:
    name = eks.make(version="1.35")
    eks.active(name)
    yield name
    eks.api.delete_cluster(name=name)


def becomes(eks: EksPlace, cluster: str, name: str, status: str) -> dict[str, Any]:
    def describe() -> dict[str, Any]:
        return dict(eks.api.describe_addon(clusterName=cluster, addonName=name)["addon"])

    until(lambda: describe()["status"] == status, 20)
    return describe()


def gone(eks: EksPlace, cluster: str, name: str) -> None:
    eks.api.delete_addon(clusterName=cluster, addonName=name)
    until(lambda: name not in eks.api.list_addons(clusterName=cluster)["addons"], 20)


def test_versions_fit_clusters(eks: EksPlace) -> None:
    found = eks.api.describe_addon_versions(kubernetesVersion="1.35", addonName="kube-proxy")["addons"]
    versions = found[0]["addonVersions"]
    assert {each["compatibilities"][0]["clusterVersion"] for each in versions} == {"1.35"}
    assert [each["compatibilities"][0]["defaultVersion"] for each in versions] == [True, False]
    every = {each["addonName"] for each in eks.api.describe_addon_versions()["addons"]}
    assert {"vpc-cni", "coredns", "aws-ebs-csi-driver", "metrics-server", "netapp_trident-operator"} <= every
    storage = eks.api.describe_addon_versions(types=["storage"], owners=["aws"])["addons"]
    assert {each["type"] for each in storage} == {"storage"}
    asked = {"addonName": "aws-ebs-csi-driver", "addonVersion": "v1.51.0-eksbuild.1"}
    told = eks.api.describe_addon_configuration(**asked)
    assert told["podIdentityConfiguration"][0]["serviceAccount"] == "ebs-csi-controller-sa"
    refused("ResourceNotFoundException", "none", eks.api.describe_addon_versions, addonName="none")


def test_an_add_on_lives(eks: EksPlace, cluster: str) -> None:
    made = eks.api.create_addon(clusterName=cluster, addonName="kube-proxy", addonVersion="v1.35.0-eksbuild.1")["addon"]
    assert (made["status"], made["publisher"]) == ("CREATING", "eks")
    becomes(eks, cluster, "kube-proxy", "ACTIVE")
    update = eks.api.update_addon(clusterName=cluster, addonName="kube-proxy", addonVersion="v1.35.0-eksbuild.2")[
        "update"
    ]
    assert update["type"] == "AddonUpdate"
    assert becomes(eks, cluster, "kube-proxy", "ACTIVE")["addonVersion"] == "v1.35.0-eksbuild.2"
    assert eks.api.list_updates(name=cluster, addonName="kube-proxy")["updateIds"] == [update["id"]]
    shown = eks.api.describe_update(name=cluster, addonName="kube-proxy", updateId=update["id"])["update"]
    assert shown["status"] == "Successful"
    gone(eks, cluster, "kube-proxy")


def test_add_ons_that_cannot_be_made(eks: EksPlace, cluster: str) -> None:
    create, asked = eks.api.create_addon, {"clusterName": cluster, "addonName": "vpc-cni"}
    refused(INVALID, "none is not supported", create, clusterName=cluster, addonName="none")
    refused(INVALID, "version specified is not supported", create, **asked, addonVersion="v0")
    refused(INVALID, "does not exist", create, **asked, serviceAccountRoleArn="arn:aws:iam::123456789012:role/none")
    refused(INVALID, "ConfigurationValue", create, **asked, configurationValues="[1]")
    refused(INVALID, "ConfigurationValue", create, **asked, configurationValues="{")
    words = "No addon: vpc-cni found in cluster"
    refused("ResourceNotFoundException", words, eks.api.describe_addon, **asked)
    create(**asked)
    refused("ResourceInUseException", "Addon already exists.", create, **asked)
    refused("ResourceInUseException", "CREATING", eks.api.update_addon, **asked)
    gone(eks, cluster, "vpc-cni")


def test_a_csi_driver_is_known_to_the_cluster_while_its_add_on_is_there(eks: EksPlace, cluster: str) -> None:
    storage: Any = kubernetes.client.StorageV1Api(eks.core(cluster).api_client)
    name = "aws-ebs-csi-driver"
    eks.api.create_addon(clusterName=cluster, addonName=name)
    (issue,) = becomes(eks, cluster, name, "DEGRADED")["health"]["issues"]
    assert issue["code"] == "AddonPermissionFailure"
    assert "AmazonEBSCSIDriverPolicy" in issue["message"]
    until(lambda: "ebs.csi.aws.com" in [each.metadata.name for each in storage.list_csi_driver().items])
    role = eks.make_role("ec2.amazonaws.com")
    policy = "arn:aws:iam::aws:policy/service-role/AmazonEBSCSIDriverPolicy"
    eks.iam.attach_role_policy(RoleName=role.rpartition("/")[2], PolicyArn=policy)
    eks.api.update_addon(clusterName=cluster, addonName=name, serviceAccountRoleArn=role)

    def codes() -> list[str]:
        found = eks.api.describe_addon(clusterName=cluster, addonName=name)["addon"]
        return [each["code"] for each in found["health"]["issues"]]

    until(lambda: codes() == ["InsufficientNumberOfReplicas"])  # the cluster has no node
    gone(eks, cluster, name)
    until(lambda: not storage.list_csi_driver().items)


def test_pod_identity_associations(eks: EksPlace, cluster: str) -> None:
    api, role = eks.api, eks.make_role("pods.eks.amazonaws.com")
    asked = {"clusterName": cluster, "namespace": "default", "serviceAccount": "web", "roleArn": role}
    made = api.create_pod_identity_association(**asked, tags={"lab": "containers-on-aws"})["association"]
    which = {"clusterName": cluster, "associationId": made["associationId"]}
    assert api.describe_pod_identity_association(**which)["association"]["roleArn"] == role
    assert api.list_tags_for_resource(resourceArn=made["associationArn"])["tags"] == {"lab": "containers-on-aws"}
    refused("ResourceInUseException", made["associationId"], api.create_pod_identity_association, **asked)
    other = {**asked, "serviceAccount": "api"}
    refused(INVALID, "pods.eks.amazonaws.com", api.create_pod_identity_association, **{**other, "roleArn": eks.role})
    absent = "arn:aws:iam::123456789012:role/none"
    create = api.create_pod_identity_association
    refused("ResourceNotFoundException", "does not exist", create, **{**other, "roleArn": absent})
    second = eks.make_role("pods.eks.amazonaws.com")
    changed = api.update_pod_identity_association(**which, roleArn=second)["association"]
    assert changed["roleArn"] == second
    assert len(api.list_pod_identity_associations(clusterName=cluster, namespace="default")["associations"]) == 1
    assert api.list_pod_identity_associations(clusterName=cluster, namespace="other")["associations"] == []
    api.delete_pod_identity_association(**which)
    refused("ResourceNotFoundException", "not found", api.describe_pod_identity_association, **which)


def test_an_add_on_has_associations_of_its_own(eks: EksPlace, cluster: str) -> None:
    role = eks.make_role("pods.eks.amazonaws.com")
    own = [{"serviceAccount": "aws-node", "roleArn": role}]
    made = eks.api.create_addon(clusterName=cluster, addonName="vpc-cni", podIdentityAssociations=own)["addon"]
    (found,) = eks.api.list_pod_identity_associations(clusterName=cluster)["associations"]
    assert (found["ownerArn"], found["associationArn"]) == (made["addonArn"], made["podIdentityAssociations"][0])
    which = {"clusterName": cluster, "associationId": found["associationId"]}
    refused("InvalidRequestException", "UpdateAddon", eks.api.delete_pod_identity_association, **which)
    gone(eks, cluster, "vpc-cni")
    assert eks.api.list_pod_identity_associations(clusterName=cluster)["associations"] == []


@pytest.mark.parametrize(
    ("view", "step"),
    [
        (View("CREATING", installed=False), "install"),
        (View("CREATING", due=False), "wait"),
        (View("CREATING"), "activate"),
        (View("CREATING", needs_node=True, has_node=False), "degrade"),
        (View("CREATING", missing="a policy"), "degrade"),
        (View("ACTIVE"), "wait"),
        (View("DEGRADED"), "activate"),
        (View("UPDATING", due=False, updating=True), "wait"),
        (View("UPDATING", updating=True), "finish"),
        (View("DELETING", due=False), "wait"),
        (View("DELETING"), "remove"),
    ],
)
def test_what_an_add_on_does_next(view: View, step: str) -> None:
    assert decide(view) == step


def test_a_missing_permission_is_told_before_a_missing_node() -> None:
    both = View("CREATING", needs_node=True, has_node=False, missing="a policy")
    assert [each.code for each in problems(both)] == ["AddonPermissionFailure"]
