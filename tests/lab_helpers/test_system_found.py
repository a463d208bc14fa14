"""A system is read from the account, whatever its parts are called, without what belongs to another lab."""

import json
from typing import Any

import pytest

from lab_helpers import Lab

pytestmark = pytest.mark.usefixtures("cloud")


def queue(lab: Lab, name: str, grave: str = "") -> str:
    """A queue, with a dead-letter queue when one is named; its ARN."""
    sqs = lab.client("sqs")
    more: dict[str, Any] = {}
    if grave:
        more = {"Attributes": {"RedrivePolicy": json.dumps({"deadLetterTargetArn": grave, "maxReceiveCount": "2"})}}
    url = sqs.create_queue(QueueName=name, **more)["QueueUrl"]
    return str(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"])


def test_queues_services_and_doors() -> None:
    lab, other = Lab(2), Lab(3)
    lab.start()
    assert lab.read_system().empty
    queue(other, "theirs")
    queue(lab, "in", queue(lab, "out"))
    ecs, ec2, elb = lab.client("ecs"), lab.client("ec2"), lab.client("elbv2")
    url = lab.client("sqs").get_queue_url(QueueName="in")["QueueUrl"]
    ecs.create_cluster(clusterName="c", capacityProviders=["FARGATE", "FARGATE_SPOT"])
    subnets = [one["SubnetId"] for one in ec2.describe_subnets()["Subnets"][:2]]
    network = {"awsvpcConfiguration": {"subnets": subnets}}
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    balancer = elb.create_load_balancer(Name="front", Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]
    groups = {}
    for name in ("all", "some"):
        made = elb.create_target_group(Name=name, TargetType="ip", Protocol="HTTP", Port=80, VpcId=vpc)
        groups[name] = made["TargetGroups"][0]["TargetGroupArn"]
    listener = elb.create_listener(
        LoadBalancerArn=balancer, Protocol="HTTP", Port=8080,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": groups["all"]}],
    )["Listeners"][0]["ListenerArn"]  # fmt: skip
    elb.create_rule(
        ListenerArn=listener, Priority=1, Conditions=[{"Field": "path-pattern", "Values": ["/shop/*"]}],
        Actions=[{"Type": "forward", "TargetGroupArn": groups["some"]}],
    )  # fmt: skip

    def service(name: str, group: str = "", **more: Any) -> None:
        container = {"name": "x", "image": "nginx", "environment": [{"name": "Q", "value": url}]}
        ecs.register_task_definition(
            family=name, requiresCompatibilities=["FARGATE"], networkMode="awsvpc", cpu="256", memory="512",
            containerDefinitions=[{**container, "portMappings": [{"containerPort": 80}]}],
        )  # fmt: skip
        if group:
            more["loadBalancers"] = [{"targetGroupArn": groups[group], "containerName": "x", "containerPort": 80}]
        ecs.create_service(
            cluster="c", serviceName=name, taskDefinition=name, desiredCount=0, networkConfiguration=network, **more
        )

    service("page", "all", launchType="FARGATE")
    service("part", "some", launchType="FARGATE")
    service("hands", capacityProviderStrategy=[{"capacityProvider": "FARGATE_SPOT"}])
    system = lab.read_system()
    assert [one.name for one in system.queues] == ["in"]
    assert [one.name for one in system.graves] == ["out"]
    assert system.queues[0].grave == "out"
    page, part = system.webs
    assert page.door is not None and (page.door.address, page.door.path) == ("front:8080", "/")
    assert part.door is not None and (part.door.address, part.door.path) == ("front:8080", "/shop/")
    assert [(one.name, one.on, one.own, one.queues) for one in system.workers] == [
        ("hands", "Fargate Spot", False, ("in",))
    ]
    assert "worker service hands" in str(lab.system())
    lab.teardown()
    assert lab.read_system().empty
    assert "theirs" not in str(lab.system())
