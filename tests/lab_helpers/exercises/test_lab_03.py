"""Each exercise of lab 03: untouched, wrong, right. The tests share one cloud and go in the order of the lab."""

from collections.abc import Iterator
from typing import Any

import pytest

from lab_helpers import Lab
from lab_helpers.replay import replay
from tests.lab_helpers.exercises.clouds import begun, said, solve, wait_done

CLUSTER = "DemoCluster"
SERVICE = "nginxdemos-hello"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with begun(3) as lab:
        replay(lab)
        yield lab


@pytest.fixture(scope="module")
def network(lab: Lab) -> dict[str, Any]:
    found = lab.client("ecs").describe_services(cluster=CLUSTER, services=[SERVICE])["services"][0]
    return dict(found["networkConfiguration"])


@pytest.fixture(scope="module")
def balancer(lab: Lab) -> dict[str, Any]:
    return dict(lab.client("elbv2").describe_load_balancers(Names=["DemoALBForECS"])["LoadBalancers"][0])


def group(lab: Lab, name: str, vpc: str, **settings: Any) -> str:
    made = lab.client("elbv2").create_target_group(
        Name=name, Protocol="HTTP", Port=80, TargetType="ip", VpcId=vpc, **settings
    )
    return str(made["TargetGroups"][0]["TargetGroupArn"])


def listen(lab: Lab, balancer: dict[str, Any], port: int, group_arn: str) -> None:
    lab.client("elbv2").create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"],
        Protocol="HTTP",
        Port=port,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group_arn}],
    )


def test_03a_untouched(lab: Lab) -> None:
    assert said(lab, "03a")[0] == "not attempted"


def test_03a_a_task_that_has_stopped_is_not_enough(lab: Lab, network: dict[str, Any]) -> None:
    ecs = lab.client("ecs")
    task = ecs.run_task(
        cluster=CLUSTER, taskDefinition=SERVICE, launchType="FARGATE", startedBy="me", networkConfiguration=network
    )["tasks"][0]["taskArn"]
    ecs.stop_task(cluster=CLUSTER, task=task)
    lab.wait(ecs, "tasks_stopped", cluster=CLUSTER, tasks=[task])
    kind, words = said(lab, "03a")
    assert kind == "not yet"
    assert "yours has stopped" in words


def test_03a_right(lab: Lab) -> None:
    solve(lab, "03a")
    assert said(lab, "03a")[0] == "done"


def test_03b_untouched(lab: Lab) -> None:
    assert said(lab, "03b")[0] == "not attempted"


def test_03b_forgetting_the_circuit_breaker_is_told(lab: Lab) -> None:
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


def test_03b_right(lab: Lab) -> None:
    solve(lab, "03b")
    assert said(lab, "03b")[0] == "done"


def test_03c_untouched(lab: Lab) -> None:
    assert said(lab, "03c")[0] == "not attempted"


def test_03c_a_group_alone_is_the_first_step(lab: Lab, balancer: dict[str, Any]) -> None:
    arn = group(lab, "tg-web", balancer["VpcId"])
    kind, words = said(lab, "03c")
    assert kind == "not yet"
    assert "a listener on port 8080 of DemoALBForECS" in words
    assert "a service called web" in words
    lab.client("elbv2").delete_target_group(TargetGroupArn=arn)


def test_03c_right(lab: Lab) -> None:
    solve(lab, "03c")
    wait_done(lab, "03c")


def test_03c_the_door_and_the_count_are_part_of_it(lab: Lab, balancer: dict[str, Any]) -> None:
    ec2, ecs = lab.client("ec2"), lab.client("ecs")
    door: dict[str, Any] = {
        "GroupId": balancer["SecurityGroups"][0],
        "IpPermissions": [
            {"IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8080, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
        ],
    }
    ec2.revoke_security_group_ingress(**door)
    assert "lets port 8080 in" in said(lab, "03c")[1]
    ec2.authorize_security_group_ingress(**door)
    ecs.update_service(cluster=CLUSTER, service="web", desiredCount=1)
    assert "1 are wanted" in said(lab, "03c")[1]


def test_03d_untouched(lab: Lab, balancer: dict[str, Any], network: dict[str, Any]) -> None:
    assert "Run the cell above" in said(lab, "03d")[1]
    arn = group(lab, "tg-repair", balancer["VpcId"], HealthCheckPath="/ready", Matcher={"HttpCode": "200"})
    listen(lab, balancer, 8081, arn)
    lab.client("ecs").create_service(
        cluster=CLUSTER,
        serviceName="repair",
        taskDefinition="web",
        desiredCount=1,
        launchType="FARGATE",
        networkConfiguration=network,
        loadBalancers=[{"targetGroupArn": arn, "containerName": "web", "containerPort": 80}],
        healthCheckGracePeriodSeconds=86400,
    )
    lab.wait("ecs", "services_stable", cluster=CLUSTER, services=["repair"])
    assert said(lab, "03d")[0] == "not attempted"


def test_03d_another_wrong_path_is_told(lab: Lab) -> None:
    elbv2 = lab.client("elbv2")
    arn = elbv2.describe_target_groups(Names=["tg-repair"])["TargetGroups"][0]["TargetGroupArn"]
    elbv2.modify_target_group(TargetGroupArn=arn, HealthCheckPath="/also-not-there")
    kind, words = said(lab, "03d")
    assert kind == "not yet"
    assert "no target passes it yet" in words


def test_03d_right(lab: Lab) -> None:
    solve(lab, "03d")
    wait_done(lab, "03d")


def test_nothing_is_left_afterwards(lab: Lab) -> None:
    lab.teardown()
    for exercise in ("03a", "03b", "03c", "03d"):
        assert lab.check(exercise).kind in {"not attempted", "error"}
