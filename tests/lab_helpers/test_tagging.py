from typing import Any

import boto3
import pytest

from lab_helpers import tagging

pytestmark = pytest.mark.usefixtures("home")

TAGS = {"lab": "containers-on-aws", "learner": "an", "lab-number": "03"}
LOWER = [{"key": key, "value": value} for key, value in TAGS.items()]
UPPER = [{"Key": key, "Value": value} for key, value in TAGS.items()]


def tagged(service: str, operation: str, **params: Any) -> dict[str, Any] | None:
    client = boto3.client(service, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    return tagging.tagged(client.meta.service_model.operation_model(operation), params, TAGS)


def test_the_tags() -> None:
    assert tagging.tags_of(3, "an") == TAGS


@pytest.mark.parametrize(
    ("service", "operation", "member", "expected"),
    [
        ("ecs", "CreateCluster", "tags", LOWER),
        ("ecs", "RunTask", "tags", LOWER),
        ("ecs", "RegisterTaskDefinition", "tags", LOWER),
        ("ecs", "CreateService", "tags", LOWER),
        ("ecr", "CreateRepository", "tags", UPPER),
        ("elbv2", "CreateTargetGroup", "Tags", UPPER),
        ("iam", "CreateRole", "Tags", UPPER),
        ("logs", "CreateLogGroup", "tags", TAGS),
        ("eks", "CreateCluster", "tags", TAGS),
        ("sqs", "CreateQueue", "tags", TAGS),
        ("s3", "CreateBucket", "CreateBucketConfiguration", {"Tags": UPPER}),
        ("dynamodb", "CreateTable", "Tags", UPPER),
        ("ec2", "CreateSecurityGroup", "TagSpecifications", [{"ResourceType": "security-group", "Tags": UPPER}]),
        ("ec2", "CreateLaunchTemplate", "TagSpecifications", [{"ResourceType": "launch-template", "Tags": UPPER}]),
        ("ec2", "RunInstances", "TagSpecifications", [{"ResourceType": "instance", "Tags": UPPER}]),
        ("autoscaling", "CreateAutoScalingGroup", "Tags", [{**one, "PropagateAtLaunch": True} for one in UPPER]),
    ],
)
def test_each_service_in_its_own_spelling(service: str, operation: str, member: str, expected: object) -> None:
    assert tagged(service, operation, x=1) == {"x": 1, member: expected}


@pytest.mark.parametrize(
    ("service", "operation", "params"),
    [
        ("ecs", "DescribeClusters", {}),
        ("ecs", "DeleteCluster", {}),
        ("ecs", "TagResource", {}),
        ("ec2", "CreateTags", {}),
        ("ec2", "AuthorizeSecurityGroupIngress", {}),
        ("autoscaling", "CreateOrUpdateTags", {}),
        ("elbv2", "RegisterTargets", {}),
        ("ssm", "PutParameter", {"Overwrite": True}),
        ("sts", "GetCallerIdentity", {}),
    ],
)
def test_nothing_is_added_where_nothing_is_made(service: str, operation: str, params: dict[str, Any]) -> None:
    assert tagged(service, operation, **params) is None


def test_what_the_learner_gives_stays_and_is_not_touched() -> None:
    given = [{"key": "lab", "value": "mine"}, {"key": "team", "value": "a"}]
    params = {"tags": given}
    found = tagged("ecs", "CreateCluster", **params)
    assert found == {"tags": [*given, *LOWER[1:]]}
    assert params == {"tags": [{"key": "lab", "value": "mine"}, {"key": "team", "value": "a"}]}
    assert tagged("logs", "CreateLogGroup", tags={"lab": "mine"}) == {"tags": {**TAGS, "lab": "mine"}}


def test_the_learners_specification_is_completed() -> None:
    given = [{"ResourceType": "security-group", "Tags": [{"Key": "Name", "Value": "web"}]}]
    found = tagged("ec2", "CreateSecurityGroup", TagSpecifications=given)
    assert found == {
        "TagSpecifications": [{"ResourceType": "security-group", "Tags": [{"Key": "Name", "Value": "web"}, *UPPER]}]
    }
    assert given[0]["Tags"] == [{"Key": "Name", "Value": "web"}]
