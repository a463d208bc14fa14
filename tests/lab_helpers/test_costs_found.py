"""What is there is found on a real cloud, and nothing else."""

import json
import urllib.request
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lab_helpers import Lab
from lab_helpers.costs import Costs
from lab_helpers.costs_found import FINDERS, existing
from tests.lab_helpers.test_kinds_apprunner import SOURCE
from tests.waiting import until

PYTHON = "public.ecr.aws/docker/library/python:3.12-alpine"


@pytest.fixture
def lab(cloud: object) -> Any:
    lab = Lab(2)
    lab.start()
    yield lab
    lab.teardown()


def amounts(costs: Costs) -> dict[str, float]:
    return {item.price.name: item.amount for item in costs.items}


def test_an_idle_app_runner_service_is_billed_as_memory_only(lab: Lab) -> None:
    client = lab.client("apprunner")
    arn = client.create_service(ServiceName="DemoHTTP", SourceConfiguration=SOURCE)["Service"]["ServiceArn"]

    def status() -> str:
        return str(client.describe_service(ServiceArn=arn)["Service"]["Status"])

    until(lambda: status() == "RUNNING")
    until(lambda: amounts(lab.costs()).get("apprunner.active-vcpu") == 0)
    assert amounts(lab.costs())["apprunner.gb"] == 2
    url = lab.url("DemoHTTP")

    def active() -> bool:
        with urllib.request.urlopen(url, timeout=5) as answer:
            assert answer.status == 200
        return amounts(lab.costs())["apprunner.active-vcpu"] == 1

    until(active)
    client.pause_service(ServiceArn=arn)
    until(lambda: status() == "PAUSED")
    assert "apprunner.gb" not in amounts(lab.costs())


def test_tasks_balancers_addresses_and_instances(lab: Lab) -> None:
    ecs, ec2, elbv2 = lab.client("ecs"), lab.client("ec2"), lab.client("elbv2")
    assert lab.costs().hourly == 0
    subnets = [one["SubnetId"] for one in ec2.describe_subnets()["Subnets"][:2]]
    ecs.create_cluster(clusterName="c")
    sleep = {"name": "main", "image": PYTHON, "command": ["python", "-c", "import time; time.sleep(600)"]}
    ecs.register_task_definition(
        family="sleep", requiresCompatibilities=["FARGATE"], networkMode="awsvpc", cpu="256", memory="512",
        containerDefinitions=[sleep],
    )  # fmt: skip
    network = {"awsvpcConfiguration": {"subnets": subnets, "assignPublicIp": "ENABLED"}}
    ecs.run_task(cluster="c", taskDefinition="sleep", launchType="FARGATE", count=2, networkConfiguration=network)
    until(lambda: amounts(lab.costs()).get("fargate.vcpu") == 0.5)
    elbv2.create_load_balancer(Name="b", Subnets=subnets, Scheme="internet-facing")
    found = amounts(lab.costs())
    assert found == {"fargate.vcpu": 0.5, "fargate.gb": 1, "alb": 1, "ipv4": 4}
    assert "public addresses" in repr(lab.costs())


def test_a_cluster_costs_more_in_extended_support(lab: Lab) -> None:
    iam, eks = lab.client("iam"), lab.client("eks")
    statement = {"Effect": "Allow", "Principal": {"Service": "eks.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    role = iam.create_role(RoleName="cluster", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.attach_role_policy(RoleName="cluster", PolicyArn="arn:aws:iam::aws:policy/AmazonEKSClusterPolicy")
    subnets = [one["SubnetId"] for one in lab.client("ec2").describe_subnets()["Subnets"][:2]]
    versions = {
        one["versionStatus"]: one["clusterVersion"] for one in eks.describe_cluster_versions()["clusterVersions"]
    }
    for status, name in (("STANDARD_SUPPORT", "new"), ("EXTENDED_SUPPORT", "old")):
        network = {"subnetIds": subnets}
        eks.create_cluster(name=name, roleArn=role, resourcesVpcConfig=network, version=versions[status])
    found = {item.what: item.price.name for item in lab.costs().items}
    assert found == {"cluster new": "eks.standard", "cluster old": "eks.extended"}
    for name in ("new", "old"):
        lab.wait(eks, "cluster_active", name=name)
        eks.delete_cluster(name=name)
        lab.wait(eks, "cluster_deleted", name=name)


class Refused:
    """A client that may not list."""

    class meta:  # noqa: N801
        region_name = "eu-west-1"

    def can_paginate(self, _operation: str) -> bool:
        return False

    def __getattr__(self, operation: str) -> Any:
        def refuse(**_: Any) -> None:
            answer = {"Error": {"Code": "AccessDenied", "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": 403}}
            raise ClientError(answer, operation)  # type: ignore[arg-type]

        return refuse


def test_what_may_not_be_listed_is_said() -> None:
    costs = existing(lambda _service: Refused())
    assert costs.items == ()
    assert list(costs.unseen) == list(FINDERS)
    assert costs.region == "eu-west-1"
