"""Each exercise of lab 03: untouched, wrong, right, in one test, since each step stands on the one before.

The tests share one cloud and do not need each other.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from lab_helpers import Lab
from lab_helpers.replay import replay
from tests.lab_helpers.exercises.clouds import begun, said, solve, wait_done

CLUSTER = "DemoCluster"
SERVICE = "nginxdemos-hello"
BALANCER = "DemoALBForECS"


@pytest.fixture(scope="module")
def begun_lab() -> Iterator[Lab]:
    with begun(3) as lab:
        yield lab


@pytest.fixture
def lab(begun_lab: Lab) -> Lab:
    """What the lab builds is there, also after the test that takes it down."""
    built = begun_lab.client("elbv2").describe_load_balancers()["LoadBalancers"]
    if BALANCER not in {one["LoadBalancerName"] for one in built}:
        begun_lab.start()
        replay(begun_lab)
    return begun_lab


def network(lab: Lab) -> dict[str, Any]:
    found = lab.client("ecs").describe_services(cluster=CLUSTER, services=[SERVICE])["services"][0]
    return dict(found["networkConfiguration"])


def balancer(lab: Lab) -> dict[str, Any]:
    return dict(lab.client("elbv2").describe_load_balancers(Names=[BALANCER])["LoadBalancers"][0])


def group(lab: Lab, name: str, vpc: str, **settings: Any) -> str:
    made = lab.client("elbv2").create_target_group(
        Name=name, Protocol="HTTP", Port=80, TargetType="ip", VpcId=vpc, **settings
    )
    return str(made["TargetGroups"][0]["TargetGroupArn"])


def listen(lab: Lab, port: int, group_arn: str) -> None:
    lab.client("elbv2").create_listener(
        LoadBalancerArn=balancer(lab)["LoadBalancerArn"],
        Protocol="HTTP",
        Port=port,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group_arn}],
    )


def test_03a_a_stopped_task_of_another_lab_is_not_an_attempt(lab: Lab) -> None:
    ecs = lab.client("ecs")
    recipe = ecs.describe_task_definition(taskDefinition=SERVICE)["taskDefinition"]
    names = ("containerDefinitions", "requiresCompatibilities", "networkMode", "cpu", "memory", "executionRoleArn")
    ecs.register_task_definition(family="elsewhere", **{name: recipe[name] for name in names})
    started = {"launchType": "FARGATE", "startedBy": "me", "networkConfiguration": network(lab)}
    task = ecs.run_task(cluster=CLUSTER, taskDefinition="elsewhere", **started)["tasks"][0]["taskArn"]
    ecs.stop_task(cluster=CLUSTER, task=task)
    lab.wait(ecs, "tasks_stopped", cluster=CLUSTER, tasks=[task])
    assert said(lab, "03a")[0] == "not yet"
    ecs.deregister_task_definition(taskDefinition="elsewhere:1")  # as a clean-up does
    assert said(lab, "03a")[0] == "not attempted"


def test_03a_a_task_by_hand(lab: Lab) -> None:
    assert said(lab, "03a")[0] == "not attempted"

    # A task that has stopped is not enough.
    ecs = lab.client("ecs")
    task = ecs.run_task(
        cluster=CLUSTER,
        taskDefinition=SERVICE,
        launchType="FARGATE",
        startedBy="me",
        networkConfiguration=network(lab),
    )["tasks"][0]["taskArn"]
    ecs.stop_task(cluster=CLUSTER, task=task)
    lab.wait(ecs, "tasks_stopped", cluster=CLUSTER, tasks=[task])
    kind, words = said(lab, "03a")
    assert kind == "not yet"
    assert "yours has stopped" in words

    solve(lab, "03a")
    assert said(lab, "03a")[0] == "done"


def test_03b_a_gentler_deployment(lab: Lab) -> None:
    assert said(lab, "03b")[0] == "not attempted"

    lab.client("ecs").update_service(
        cluster=CLUSTER,
        service=SERVICE,
        deploymentConfiguration={
            "minimumHealthyPercent": 50,
            "maximumPercent": 150,
            "deploymentCircuitBreaker": {"enable": False, "rollback": False},
        },
    )
    kind, words = said(lab, "03b")
    assert kind == "not yet"
    assert "it is 50" in words
    assert "circuit breaker with rollback" in words

    solve(lab, "03b")
    assert said(lab, "03b")[0] == "done"

    # What an update does not name stays.
    lab.client("ecs").update_service(
        cluster=CLUSTER, service=SERVICE, deploymentConfiguration={"minimumHealthyPercent": 100, "maximumPercent": 150}
    )
    assert said(lab, "03b")[0] == "done"


def test_03c_a_second_service(lab: Lab) -> None:
    assert said(lab, "03c")[0] == "not attempted"

    # A target group alone is the first step.
    elbv2, ec2, ecs = lab.client("elbv2"), lab.client("ec2"), lab.client("ecs")
    arn = group(lab, "tg-web", balancer(lab)["VpcId"])
    kind, words = said(lab, "03c")
    assert kind == "not yet"
    assert "a listener on port 8080 of DemoALBForECS" in words
    assert "a service called web" in words
    elbv2.delete_target_group(TargetGroupArn=arn)

    solve(lab, "03c")
    wait_done(lab, "03c")

    # The door and the count are part of it.
    door: dict[str, Any] = {
        "GroupId": balancer(lab)["SecurityGroups"][0],
        "IpPermissions": [
            {"IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8080, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
        ],
    }
    ec2.revoke_security_group_ingress(**door)
    assert "lets port 8080 in" in said(lab, "03c")[1]
    ec2.authorize_security_group_ingress(**door)
    ecs.update_service(cluster=CLUSTER, service="web", desiredCount=1)
    assert "1 are wanted" in said(lab, "03c")[1]


def test_03d_a_service_to_mend(lab: Lab) -> None:
    assert "Run the cell above" in said(lab, "03d")[1]

    elbv2, ecs = lab.client("elbv2"), lab.client("ecs")
    arn = group(lab, "tg-repair", balancer(lab)["VpcId"], HealthCheckPath="/ready", Matcher={"HttpCode": "200"})
    listen(lab, 8081, arn)
    ecs.register_task_definition(
        family="repair",
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        containerDefinitions=[
            {"name": "web", "image": "public.ecr.aws/nginx/nginx:latest", "portMappings": [{"containerPort": 80}]}
        ],
    )
    ecs.create_service(
        cluster=CLUSTER,
        serviceName="repair",
        taskDefinition="repair",
        desiredCount=1,
        launchType="FARGATE",
        networkConfiguration=network(lab),
        loadBalancers=[{"targetGroupArn": arn, "containerName": "web", "containerPort": 80}],
        healthCheckGracePeriodSeconds=86400,
    )
    lab.wait("ecs", "services_stable", cluster=CLUSTER, services=["repair"])
    assert said(lab, "03d")[0] == "not attempted"

    elbv2.modify_target_group(TargetGroupArn=arn, HealthCheckPath="/also-not-there")
    kind, words = said(lab, "03d")
    assert kind == "not yet"
    assert "no target passes it yet" in words

    solve(lab, "03d")
    wait_done(lab, "03d")


def test_nothing_is_left_afterwards(lab: Lab) -> None:
    lab.teardown()
    for exercise in ("03a", "03b", "03c", "03d"):
        assert lab.check(exercise).kind in {"not attempted", "error"}
