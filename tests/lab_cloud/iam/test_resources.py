from typing import Any

import pytest

from lab_cloud.iam.actions import actions_of
from lab_cloud.iam.resources import Place, of_s3, resources_of

PLACE = Place("aws", "us-east-1", "123456789012")


def arn(service: str, rest: str) -> str:
    return f"arn:aws:{service}:us-east-1:123456789012:{rest}"


TASK = arn("ecs", "task/demo/1")


@pytest.mark.parametrize(
    ("service", "operation", "params", "found"),
    [
        ("ecs", "RunTask", {"cluster": "demo", "taskDefinition": "web"}, [arn("ecs", "task-definition/web")]),
        ("ecs", "RunTask", {"taskDefinition": "web:3"}, [arn("ecs", "task-definition/web:3")]),
        ("ecs", "StopTask", {"cluster": arn("ecs", "cluster/demo"), "task": "1"}, [TASK]),
        ("ecs", "DescribeTasks", {"cluster": "demo", "tasks": ["1", TASK]}, [TASK, TASK]),
        ("ecs", "UpdateService", {"service": "s", "taskDefinition": "web"}, [arn("ecs", "service/default/s")]),
        ("ecs", "ExecuteCommand", {"cluster": "demo", "task": TASK}, [TASK]),
        ("ecs", "RegisterTaskDefinition", {"family": "web"}, [arn("ecs", "task-definition/web:*")]),
        ("ecs", "ListTasks", {"cluster": "demo"}, ["*"]),
        ("ecs", "DeleteCluster", {"cluster": "demo"}, [arn("ecs", "cluster/demo")]),
        ("sqs", "SendMessage", {"QueueUrl": "http://127.0.0.1:1/123456789012/q"}, [arn("sqs", "q")]),
        ("sqs", "ListQueues", {}, ["*"]),
        ("sns", "Publish", {"TopicArn": arn("sns", "t")}, [arn("sns", "t")]),
        ("sns", "Unsubscribe", {"SubscriptionArn": arn("sns", "t:1-2")}, [arn("sns", "t")]),
        ("dynamodb", "GetItem", {"TableName": "t"}, [arn("dynamodb", "table/t")]),
        ("dynamodb", "Query", {"TableName": "t", "IndexName": "i"}, [arn("dynamodb", "table/t/index/i")]),
        ("dynamodb", "BatchGetItem", {"RequestItems": {"a": {}, "b": {}}},
         [arn("dynamodb", "table/a"), arn("dynamodb", "table/b")]),
        ("logs", "PutLogEvents", {"logGroupName": "/g", "logStreamName": "s"},
         [arn("logs", "log-group:/g:log-stream:s")]),
        ("logs", "CreateLogGroup", {"logGroupName": "/g"}, [arn("logs", "log-group:/g:log-stream:")]),
        ("secretsmanager", "GetSecretValue", {"SecretId": "s"}, [arn("secretsmanager", "secret:s")]),
        ("ssm", "GetParameters", {"Names": ["/a/b", "c"]}, [arn("ssm", "parameter/a/b"), arn("ssm", "parameter/c")]),
        ("ssm", "DescribeParameters", {}, ["*"]),
        ("events", "PutEvents", {"Entries": [{}, {"EventBusName": "own"}]},
         [arn("events", "event-bus/default"), arn("events", "event-bus/own")]),
        ("events", "PutRule", {"Name": "r"}, [arn("events", "rule/r")]),
        ("events", "PutTargets", {"Rule": "r", "EventBusName": "own"}, [arn("events", "rule/own/r")]),
        ("scheduler", "CreateSchedule", {"Name": "s"}, [arn("scheduler", "schedule/default/s")]),
        ("elbv2", "DescribeTargetHealth", {"TargetGroupArn": arn("elasticloadbalancing", "targetgroup/a/1")}, ["*"]),
        ("elbv2", "RegisterTargets", {"TargetGroupArn": arn("elasticloadbalancing", "targetgroup/a/1")},
         [arn("elasticloadbalancing", "targetgroup/a/1")]),
        ("iam", "GetRole", {"RoleName": "r"}, ["arn:aws:iam::123456789012:role/r"]),
        ("eks", "DescribeCluster", {"name": "c"}, [arn("eks", "cluster/c")]),
        ("cloudwatch", "PutMetricAlarm", {"AlarmName": "a", "AlarmActions": []}, [arn("cloudwatch", "alarm:a")]),
        ("apprunner", "DescribeService", {"ServiceArn": arn("apprunner", "service")}, [arn("apprunner", "service")]),
        ("kms", "CreateKey", {"ServiceRoleArn": "arn:aws:iam::123456789012:role/r"}, ["*"]),
    ],
)  # fmt: skip
def test_what_a_call_is_about(service: str, operation: str, params: dict[str, Any], found: list[str]) -> None:
    assert resources_of(PLACE, service, operation, params) == found


@pytest.mark.parametrize(
    ("path", "found"),
    [("/", "*"), ("/b", "arn:aws:s3:::b"), ("/b/", "arn:aws:s3:::b"), ("/b/a%20b/c", "arn:aws:s3:::b/a b/c")],
)
def test_buckets_and_objects(path: str, found: str) -> None:
    assert of_s3(PLACE, path) == [found]


@pytest.mark.parametrize(
    ("service", "operation", "found"),
    [
        ("s3", "ListObjectsV2", ("s3:ListBucket",)),
        ("s3", "UploadPart", ("s3:PutObject",)),
        ("s3", "", ("s3:*",)),
        ("sqs", "SendMessageBatch", ("sqs:SendMessage",)),
        ("efs", "CreateFileSystem", ("elasticfilesystem:CreateFileSystem",)),
        ("elbv2", "CreateRule", ("elasticloadbalancing:CreateRule",)),
        ("sts", "GetCallerIdentity", ()),
        ("ecs", "RunTask", ("ecs:RunTask",)),
    ],
)
def test_the_actions_of_a_call(service: str, operation: str, found: tuple[str, ...]) -> None:
    assert actions_of(service, operation) == found
