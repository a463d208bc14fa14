"""What lets an instance join, without a cloud."""

import pytest

from lab_cloud.eks import aws_auth
from lab_cloud.eks.joining import Facts, cluster_of, name_of, no_network, node_of, obstacle
from lab_cloud.eks.outside import Machine

NODE_CONFIG = """\
--//
Content-Type: application/node.eks.aws

apiVersion: node.eks.aws/v1alpha1
kind: NodeConfig
spec:
  cluster:
    apiServerEndpoint: https://example.com
    name: demo
  kubelet:
    flags:
    - --node-labels=team=a,tier=web
    - --register-with-taints=only=gpu:NoSchedule
--//--
"""
ROLE = "arn:aws:iam::123456789012:role/nodes"


@pytest.mark.parametrize(
    ("user_data", "cluster"),
    [
        (NODE_CONFIG, "demo"),
        ("#!/bin/bash\n/etc/eks/bootstrap.sh demo --kubelet-extra-args '--node-labels=a=b'", "demo"),
        ("[settings.kubernetes]\ncluster-name = \"demo\"", "demo"),
        ("#!/bin/bash\necho ECS_CLUSTER=demo >> /etc/ecs/ecs.config", ""),
        ("kind: NodeConfig\nspec:\n  cluster: {}\n", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_user_data_names_the_cluster(user_data: str, cluster: str) -> None:
    assert cluster_of(user_data) == cluster


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (Facts("demo", role=ROLE), ""),
        (Facts("demo", role=ROLE, image_name="al2023-ami"), "EKS-optimized"),
        (Facts("demo", role=ROLE, type="x9.huge"), "size of x9.huge"),
        (Facts("demo", role=ROLE, cluster_status=""), "there is no cluster demo"),
        (Facts("demo", role=ROLE, cluster_status="CREATING"), "is CREATING"),
        (Facts("demo"), "no instance profile"),
        (Facts("demo", role=ROLE, denied=("eks:DescribeCluster",)), "AmazonEKSWorkerNodePolicy"),
        (Facts("demo", role=ROLE, unreachable="no route"), "no route"),
        (Facts("demo", role=ROLE, admitted=False, mode="API"), "an access entry of type EC2_LINUX"),
        (Facts("demo", role=ROLE, admitted=False, mode="CONFIG_MAP"), "aws-auth"),
    ],
)
def test_what_keeps_an_instance_out(facts: Facts, words: str) -> None:
    assert words in obstacle(facts)
    assert bool(words) == bool(obstacle(facts))


def test_a_node_without_network_says_what_is_missing() -> None:
    assert no_network(role=ROLE, pulls=True, addresses=True) == ""
    assert "AmazonEC2ContainerRegistryPullOnly" in no_network(role=ROLE, pulls=False, addresses=True)
    assert "AmazonEKS_CNI_Policy" in no_network(role=ROLE, pulls=True, addresses=False)


def test_a_node_is_as_large_as_its_instance() -> None:
    machine = Machine(
        "i-1", "m5.large", "us-east-1a", "subnet-1", "10.0.0.5", "ami-1", "running", NODE_CONFIG, "", "", True
    )
    node = node_of("us-east-1", "demo", "1.36", machine, ROLE, None)
    assert (node.name, node.pods, node.cpu, node.architecture) == ("ip-10-0-0-5.ec2.internal", 29, 2.0, "amd64")
    assert node.provider_id == "aws:///us-east-1a/i-1"
    assert node.labels == {"team": "a", "tier": "web"}
    assert node.taints == [{"key": "only", "value": "gpu", "effect": "NoSchedule"}]
    assert name_of("eu-west-1", "10.0.0.5") == "ip-10-0-0-5.eu-west-1.compute.internal"


def test_aws_auth_maps_roles_and_users() -> None:
    text = f"- rolearn: {ROLE}\n  username: system:node:{{{{EC2PrivateDNSName}}}}\n  groups:\n  - system:nodes\n"
    users = "- userarn: arn:aws:iam::123456789012:user/ana\n  username: ana\n  groups: [system:masters]\n"
    found = aws_auth.principals({"data": {"mapRoles": text, "mapUsers": users}})
    assert found[ROLE].is_node
    ana = found["arn:aws:iam::123456789012:user/ana"]
    assert (ana.username, ana.groups, ana.is_node) == ("ana", ("system:masters",), False)
    for broken in (None, {}, {"data": {"mapRoles": "{{{"}}, {"data": {"mapRoles": "text"}}):
        assert aws_auth.principals(broken) == {}


def test_a_node_role_comes_into_aws_auth_and_goes() -> None:
    (fargate,) = aws_auth.principals({"data": aws_auth.with_node_role(None, ROLE, fargate=True)}).values()
    assert (fargate.username, fargate.groups[-1]) == ("system:node:{{SessionName}}", "system:node-proxier")
    assert not fargate.is_node
    data = aws_auth.with_node_role(None, ROLE)
    assert data is not None
    assert aws_auth.principals({"data": data})[ROLE].is_node
    assert aws_auth.with_node_role({"data": data}, ROLE) is None
    both = aws_auth.with_node_role({"data": data}, ROLE + "2")
    left = aws_auth.without_role({"data": both}, ROLE)
    assert list(aws_auth.principals({"data": left})) == [ROLE + "2"]
    assert aws_auth.without_role({"data": left}, ROLE) is None
