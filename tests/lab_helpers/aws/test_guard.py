import csv
from typing import Any

import boto3
import pytest

from lab_helpers import cleanup, tagging
from lab_helpers.aws import guard
from lab_helpers.aws.guard import Guard

pytestmark = pytest.mark.usefixtures("home")
TAGS = tagging.tags_of(3, "an")


def model(service: str, operation: str) -> Any:
    client = boto3.client(service, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    return client.meta.service_model.operation_model(operation)


def judged(service: str, operation: str, *, tags: bool = True, by: Guard | None = None, **params: Any) -> str:
    """What the guard says of a call; empty when it may go."""
    one = by or Guard()
    one.learner = "an"
    operation_model = model(service, operation)
    sent = tagging.tagged(operation_model, params, TAGS) if tags else None
    refusal = one.judge(operation_model, sent or params)
    return "" if refusal is None else refusal.message


class Answered:
    status_code = 200


def test_reading_and_lessening_need_no_list() -> None:
    for service, operation in (("rds", "DescribeDBInstances"), ("ecs", "DeleteCluster"), ("ec2", "CreateTags")):
        assert judged(service, operation) == ""


@pytest.mark.parametrize(
    ("service", "operation"),
    [("rds", "CreateDBInstance"), ("lambda", "Invoke"), ("ec2", "RunInstances"), ("ec2", "CreateVpnGateway")],
)
def test_what_no_lab_makes_is_refused(service: str, operation: str) -> None:
    assert "so it is not sent to a real account" in judged(service, operation)


@pytest.mark.parametrize(("service", "operation"), [key for key, why in guard.allowed().items() if not why])
def test_everything_that_takes_tags_needs_them(service: str, operation: str) -> None:
    assert "without the lab's tags" in judged(service, operation, tags=False)
    assert "without the lab's tags" not in judged(service, operation)


def test_tags_of_somebody_else_do_not_count() -> None:
    somebody = [{"key": "learner", "value": "binh"}]
    one = Guard()
    one.learner = "an"
    create = model("ecs", "CreateCluster")
    refusal = one.judge(create, tagging.tagged(create, {"tags": somebody}, TAGS) or {})
    assert refusal is not None
    assert "without the lab's tags" in refusal.message
    given = [{"ResourceType": "volume", "Tags": [{"Key": "lab", "Value": "mine"}]}]
    assert "without the lab's tags" in judged("ec2", "CreateVolume", TagSpecifications=given)


@pytest.mark.parametrize(("service", "operation"), [key for key, why in guard.allowed().items() if why])
def test_what_cannot_take_tags_has_its_reason(service: str, operation: str) -> None:
    assert "without the lab's tags" not in judged(service, operation, tags=False)


@pytest.mark.parametrize(
    ("service", "operation", "params", "wrong"),
    [
        ("autoscaling", "CreateAutoScalingGroup", {"MaxSize": 6}, "MaxSize is 6"),
        ("ec2", "ModifyInstanceAttribute", {"InstanceType": {"Value": "m5.large"}}, "may not be given"),
        ("ec2", "CreateLaunchTemplate", {"LaunchTemplateData": {"InstanceType": "p5.48xlarge"}}, "p5.48xlarge"),
        ("ec2", "CreateLaunchTemplate", {"LaunchTemplateData": {"InstanceRequirements": {}}}, "may not be given"),
        ("eks", "CreateNodegroup", {"instanceTypes": ["t3.medium", "c5.xlarge"]}, "instanceTypes[] is c5.xlarge"),
        ("ecs", "CreateService", {"desiredCount": 11}, "desiredCount is 11"),
        ("ecs", "UpdateService", {"desiredCount": 1000}, "desiredCount is 1000"),
        ("ecs", "RegisterTaskDefinition", {"cpu": "16 vCPU"}, "cpu is 16 vCPU"),
        ("ecs", "RegisterTaskDefinition", {"memory": "a lot"}, "memory is a lot"),
        ("apprunner", "CreateService", {"InstanceConfiguration": {"Memory": "4 GB"}}, "Memory is 4 GB"),
    ],
)
def test_too_large_or_too_dear(service: str, operation: str, params: dict[str, Any], wrong: str) -> None:
    said = judged(service, operation, **params)
    assert f"{service} {operation} is not sent to a real account" in said
    assert wrong in said


@pytest.mark.parametrize(
    ("service", "operation", "params"),
    [
        ("ec2", "CreateLaunchTemplate", {"LaunchTemplateData": {"InstanceType": "t3.micro"}}),
        ("ecs", "RegisterTaskDefinition", {"cpu": "0.5 vCPU", "memory": "1 GB"}),
        ("ecs", "CreateService", {"desiredCount": 3}),
        ("eks", "CreateNodegroup", {"instanceTypes": ["t3.medium"], "scalingConfig": {"maxSize": 3}}),
    ],
)
def test_what_the_labs_do_may_go(service: str, operation: str, params: dict[str, Any]) -> None:
    assert judged(service, operation, **params) == ""


def test_successful_calls_are_counted_from_each_start_on() -> None:
    one = Guard()
    cluster = model("eks", "CreateCluster")
    for _ in range(2):
        assert judged("eks", "CreateCluster", by=one) == ""
        one.count(Answered(), cluster)
    assert "the limit is 2" in judged("eks", "CreateCluster", by=one)
    one.forget()
    refused = Answered()
    refused.status_code = 400
    one.count(refused, cluster)
    one.count(Answered(), cluster)
    assert judged("eks", "CreateCluster", by=one) == ""


def test_what_may_be_made_can_be_torn_down() -> None:
    known = {kind.name for kind in cleanup.KINDS}
    with (guard.DATA / "makes.csv").open(encoding="utf-8", newline="") as file:
        named = {row["torn down with"] for row in csv.DictReader(file)} - {""}
    assert named - known == set()


def test_every_limit_of_what_is_made_is_for_a_call_that_may_make_it() -> None:
    assert [key for key in guard.limits() if guard.makes(key[1]) and key not in guard.allowed()] == []


def test_every_limit_names_an_operation_and_a_parameter_of_botocores() -> None:
    wrong = []
    for (service, operation), some in guard.limits().items():
        shape = model(service, operation).input_shape
        for limit in some:
            assert limit.rule in ("most", "only", "never", "calls")
            assert limit.why
            inside = shape
            for part in filter(None, limit.parameter.split(".")):
                inside = inside.members.get(part.removesuffix("[]"))
                if inside is None:
                    wrong.append(f"{service} {operation} {limit.parameter}")
                    break
                inside = inside.member if part.endswith("[]") else inside
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("512", 512), (512, 512), (".25 vCPU", 256), ("2GB", 2048), ("1 GB", 1024), ("x", float("inf"))],
)
def test_numbers_as_aws_takes_them(text: object, wanted: float) -> None:
    assert guard.number(text) == wanted
