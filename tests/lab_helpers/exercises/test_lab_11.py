"""Each exercise of lab 11: untouched, wrong, right. The tests share one cloud; each makes what it needs."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from lab_helpers import Lab
from tests.lab_helpers.exercises.clouds import begun, said, wait_done
from tests.lab_helpers.test_kinds_apprunner import SOURCE
from tests.waiting import until

NGINX = "public.ecr.aws/nginx/nginx:latest"
POLICY = "arn:aws:iam::aws:policy/service-role/AmazonECSInfrastructureRoleforExpressGatewayServices"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with begun(11) as lab:
        yield lab


def status(lab: Lab, arn: str) -> str:
    return str(lab.client("apprunner").describe_service(ServiceArn=arn)["Service"]["Status"])


def create(lab: Lab, name: str, text: str = "", **more: Any) -> str:
    """An App Runner service that runs; its ARN."""
    configuration = {"Port": "80", **({"RuntimeEnvironmentVariables": {"TEXT": text}} if text else {})}
    source = {"ImageRepository": {**SOURCE["ImageRepository"], "ImageConfiguration": configuration}}
    made = lab.client("apprunner").create_service(ServiceName=name, SourceConfiguration=source, **more)
    arn = str(made["Service"]["ServiceArn"])
    until(lambda: status(lab, arn) == "RUNNING")
    return arn


def update(lab: Lab, arn: str, **params: Any) -> None:
    lab.client("apprunner").update_service(ServiceArn=arn, **params)
    until(lambda: status(lab, arn) == "RUNNING")


def test_a_better_health_check(lab: Lab) -> None:
    assert "There is no service DemoHTTP" in said(lab, "11a")[1]
    arn = create(lab, "DemoHTTP")
    assert said(lab, "11a")[0] == "not attempted"
    update(lab, arn, HealthCheckConfiguration={"Protocol": "HTTP", "Path": "/"})
    kind, words = said(lab, "11a")
    assert kind == "not yet"
    assert "Interval 10: yours is 5" in words
    better = {"Protocol": "HTTP", "Path": "/", "Interval": 10, "UnhealthyThreshold": 3}
    update(lab, arn, HealthCheckConfiguration=better)
    assert said(lab, "11a")[0] == "done"
    lab.client("apprunner").pause_service(ServiceArn=arn)
    until(lambda: status(lab, arn) == "PAUSED")
    assert "it is PAUSED; its events say why" in said(lab, "11a")[1]


def test_a_small_service(lab: Lab) -> None:
    assert said(lab, "11b")[0] == "not attempted"
    arn = create(lab, "greeter")
    kind, words = said(lab, "11b")
    assert kind == "not yet"
    assert "yours has 1 vCPU, 2 GB" in words
    assert "yours is 'not there'" in words
    lab.client("apprunner").delete_service(ServiceArn=arn)
    until(lambda: status(lab, arn) == "DELETED")
    assert said(lab, "11b")[0] == "not attempted"
    create(lab, "greeter", "hello", InstanceConfiguration={"Cpu": "0.25 vCPU", "Memory": "0.5 GB"})
    assert said(lab, "11b")[0] == "done"


def test_room_to_grow(lab: Lab) -> None:
    assert "There is no Express service" in said(lab, "11c")[1]
    iam, ecs = lab.client("iam"), lab.client("ecs")
    statement = {"Effect": "Allow", "Principal": {"Service": "ecs.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    role = iam.create_role(RoleName="infrastructure", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.attach_role_policy(RoleName="infrastructure", PolicyArn=POLICY)
    arn = ecs.create_express_gateway_service(
        serviceName="demo-express",
        infrastructureRoleArn=role,
        executionRoleArn=iam.get_role(RoleName="ecsTaskExecutionRole")["Role"]["Arn"],
        primaryContainer={"image": NGINX},
        cpu="256",
        memory="512",
    )["service"]["serviceArn"]
    assert said(lab, "11c")[0] == "not attempted"
    scaling = {"minTaskCount": 2, "maxTaskCount": 4, "autoScalingMetric": "AVERAGE_CPU", "autoScalingTargetValue": 50}
    ecs.update_express_gateway_service(serviceArn=arn, scalingTarget=scaling)
    kind, words = said(lab, "11c")
    assert kind == "not yet"
    assert "autoScalingTargetValue 70: yours is 50" in words
    ecs.update_express_gateway_service(serviceArn=arn, scalingTarget={**scaling, "autoScalingTargetValue": 70})
    wait_done(lab, "11c")
    lab.teardown()
    found = ecs.describe_services(cluster="default", services=["demo-express"])["services"]
    assert [one["status"] for one in found] in ([], ["INACTIVE"])
    assert lab.client("elbv2").describe_load_balancers()["LoadBalancers"] == []
    assert lab.client("logs").describe_log_groups(logGroupNamePrefix="/aws/ecs/")["logGroups"] == []
    assert lab.costs().hourly < 0.001
