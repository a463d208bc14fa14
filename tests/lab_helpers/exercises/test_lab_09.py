"""Each exercise of lab 09: untouched, wrong, right. The tests share one cloud with a cluster and two nodes."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from kubernetes.client import AppsV1Api
from kubernetes.utils import create_from_dict

from lab_helpers import Lab
from tests.lab_helpers.exercises.clouds import begun, said, wait_done

CLUSTER = "DemoEKS"
POLICIES = ("AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly", "AmazonEKS_CNI_Policy")


def solve(lab: Lab, exercise: str) -> None:
    """Run the solution with what the lab's own cells have imported."""
    exec(compile(lab.solution(exercise).code, exercise, "exec"), {"lab": lab, "json": json, "AppsV1Api": AppsV1Api})


def role(lab: Lab, name: str, principal: dict[str, str], *policies: str) -> str:
    allowed = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    made = lab.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    for each in policies:
        lab.client("iam").attach_role_policy(RoleName=name, PolicyArn=f"arn:aws:iam::aws:policy/{each}")
    return str(made["Role"]["Arn"])


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAB_SPEED", "600")
        with begun(2) as lab:
            eks, zones = lab.client("eks"), lab.client("ec2").describe_subnets()["Subnets"]
            subnets = [one["SubnetId"] for one in zones][:2]
            eks.create_cluster(
                name=CLUSTER, roleArn=role(lab, "cluster", {"Service": "eks.amazonaws.com"}),
                resourcesVpcConfig={"subnetIds": subnets}, accessConfig={"authenticationMode": "API"},
            )  # fmt: skip
            lab.wait(eks, "cluster_active", name=CLUSTER)
            nodes = role(lab, "nodes", {"Service": "ec2.amazonaws.com"}, *POLICIES)
            group = {"clusterName": CLUSTER, "nodegroupName": "DemoNodeGroup"}
            eks.create_nodegroup(
                **group, nodeRole=nodes, subnets=subnets, scalingConfig={"minSize": 1, "maxSize": 3, "desiredSize": 2}
            )
            lab.wait(eks, "nodegroup_active", **group)
            namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "demo"}}
            create_from_dict(lab.kubernetes(CLUSTER), namespace)
            yield lab


def report(lab: Lab, replicas: int = 1, **requests: str) -> None:
    container = {"name": "report", "image": "nginxdemos/hello", "resources": {"requests": requests}}
    template = {"metadata": {"labels": {"app": "report"}}, "spec": {"containers": [container]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": "report"}}, "template": template}
    manifest = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "report"}, "spec": spec}
    create_from_dict(lab.kubernetes(CLUSTER), manifest, namespace="demo", apply=True)


def test_09a(lab: Lab) -> None:
    kind, words = said(lab, "09a")
    assert (kind, "is not there" in words) == ("not attempted", True)
    report(lab, cpu="50m", memory="64Gi")
    kind, words = said(lab, "09a")
    assert (kind, "still asks for 64Gi" in words) == ("not attempted", True)
    report(lab, cpu="50m", memory="32Gi")
    kind, words = said(lab, "09a")
    assert (kind, "it asks for 32Gi now" in words) == ("not yet", True)
    report(lab, replicas=0, memory="64Mi")
    kind, words = said(lab, "09a")
    assert (kind, "0 are wanted" in words) == ("not yet", True)
    report(lab, cpu="50m", memory="64Gi")
    solve(lab, "09a")
    wait_done(lab, "09a")


def test_09b(lab: Lab) -> None:
    eks, iam = lab.client("eks"), lab.client("iam")
    assert said(lab, "09b")[0] == "not attempted"
    account = lab.client("sts").get_caller_identity()["Account"]
    arn = role(lab, "PracticeViewer", {"AWS": account})
    entry = {"clusterName": CLUSTER, "principalArn": arn}
    eks.create_access_entry(**entry)
    kind, words = said(lab, "09b")
    assert (kind, "allows nothing" in words) == ("not yet", True)

    def give(policy: str, **scope: Any) -> tuple[str, str]:
        eks.associate_access_policy(
            **entry, policyArn=f"arn:aws:eks::aws:cluster-access-policy/{policy}", accessScope=scope
        )
        return said(lab, "09b")

    kind, words = give("AmazonEKSViewPolicy", type="cluster")
    assert (kind, "every namespace" in words) == ("not yet", True)
    kind, words = give("AmazonEKSViewPolicy", type="namespace", namespaces=["default"])
    assert (kind, "yours names default" in words) == ("not yet", True)
    kind, words = give("AmazonEKSEditPolicy", type="namespace", namespaces=["demo"])
    assert (kind, "AmazonEKSEditPolicy" in words) == ("not yet", True)
    eks.delete_access_entry(**entry)
    iam.delete_role(RoleName="PracticeViewer")
    solve(lab, "09b")
    assert said(lab, "09b")[0] == "done"


def test_09c(lab: Lab) -> None:
    eks = lab.client("eks")
    assert said(lab, "09c")[0] == "not attempted"
    first = eks.describe_nodegroup(clusterName=CLUSTER, nodegroupName="DemoNodeGroup")["nodegroup"]
    group = {"clusterName": CLUSTER, "nodegroupName": "SpotGroup"}
    sizes = {"minSize": 1, "maxSize": 1, "desiredSize": 1}
    eks.create_nodegroup(**group, nodeRole=first["nodeRole"], subnets=first["subnets"], scalingConfig=sizes)
    kind, words = said(lab, "09c")
    assert kind == "not yet"
    for told in ("yours are ON_DEMAND", "the label work=batch", "a smallest size of 0"):
        assert told in words
    lab.wait(eks, "nodegroup_active", **group)
    eks.delete_nodegroup(**group)
    lab.wait(eks, "nodegroup_deleted", **group)
    solve(lab, "09c")
    assert said(lab, "09c")[0] == "done"
