"""From an event to what it starts, through real boto3 and real processes."""

import json
from typing import Any

import pytest

from tests.stage import Place, RunningCloud
from tests.waiting import until

WRITES = "import os; print('colour', os.environ['COLOUR'], flush=True); import time; time.sleep(60)"


@pytest.fixture(scope="module")
def role(cloud: RunningCloud) -> str:
    """A role that EventBridge may assume, and that may run tasks."""
    return events_role(cloud)


def events_role(cloud: RunningCloud, service: str = "events.amazonaws.com", action: str = "ecs:RunTask") -> str:
    iam, name = cloud.client("iam"), cloud.name("events-role")
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    made = iam.create_role(
        RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )
    grants = [
        {"Effect": "Allow", "Action": action, "Resource": "*"},
        {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"},
    ]
    iam.put_role_policy(
        RoleName=name, PolicyName="run", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": grants})
    )
    return str(made["Role"]["Arn"])


def open_queue(cloud: RunningCloud, name: str, **attributes: str) -> tuple[str, str]:
    """A queue that takes messages from EventBridge; its URL and ARN."""
    sqs = cloud.client("sqs")
    arn = f"arn:aws:sqs:us-east-1:123456789012:{name}"
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": ["events.amazonaws.com", "sns.amazonaws.com"]},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    url = sqs.create_queue(QueueName=name, Attributes={"Policy": policy, **attributes})["QueueUrl"]
    return str(url), arn


def received(cloud: RunningCloud, url: str, **options: Any) -> dict[str, Any]:
    """The next message of a queue, once there is one."""

    def message() -> dict[str, Any] | None:
        found = cloud.client("sqs").receive_message(QueueUrl=url, MessageAttributeNames=["All"], **options)
        return found["Messages"][0] if found.get("Messages") else None

    found = until(message)
    assert found is not None
    return found


def tasks_of(place: Place, **wanted: str) -> list[str]:
    return list(place.ecs.list_tasks(cluster=place.name, **wanted)["taskArns"])


def test_an_event_runs_a_task_with_overrides_made_of_it(cloud: RunningCloud, place: Place, role: str) -> None:
    events, name = cloud.client("events"), cloud.name("rule")
    definition = place.program(WRITES)
    events.put_rule(Name=name, EventPattern=json.dumps({"source": ["shop"], "detail": {"colour": [{"exists": True}]}}))
    template = '{"containerOverrides": [{"name": "web", "environment": [{"name": "COLOUR", "value": <colour>}]}]}'
    cluster = place.ecs.describe_clusters(clusters=[place.name])["clusters"][0]["clusterArn"]
    target = {
        "Id": "task",
        "Arn": cluster,
        "RoleArn": role,
        "EcsParameters": {
            "TaskDefinitionArn": definition,
            "LaunchType": "FARGATE",
            "NetworkConfiguration": {
                "awsvpcConfiguration": {
                    "Subnets": place.subnets,
                    "SecurityGroups": [place.group],
                    "AssignPublicIp": "ENABLED",
                }
            },
            "PropagateTags": "TASK_DEFINITION",
            "Tags": [{"Key": "made-by", "Value": "rule"}],
        },
        "InputTransformer": {"InputPathsMap": {"colour": "$.detail.colour"}, "InputTemplate": template},
    }
    assert events.put_targets(Rule=name, Targets=[target])["FailedEntryCount"] == 0
    entry = {"Source": "shop", "DetailType": "paint", "Detail": json.dumps({"colour": "green"})}
    put = events.put_events(Entries=[entry])
    assert put["FailedEntryCount"] == 0
    started = f"events-rule/{name}"
    (task,) = until(lambda: tasks_of(place, startedBy=started))
    described = place.until_task(task, "RUNNING")
    assert described["startedBy"] == started
    environment = described["overrides"]["containerOverrides"][0]["environment"]
    assert environment == [{"name": "COLOUR", "value": "green"}]
    assert {"key": "made-by", "value": "rule"} in described["tags"]
    place.ecs.stop_task(cluster=place.name, task=task)
    events.remove_targets(Rule=name, Ids=["task"])
    events.delete_rule(Name=name)


def test_an_event_reaches_a_queue_whole_and_in_parts(cloud: RunningCloud) -> None:
    events, rule = cloud.client("events"), cloud.name("rule")
    url, arn = open_queue(cloud, cloud.name("queue"))
    events.put_rule(Name=rule, EventPattern=json.dumps({"source": ["parts"]}))
    targets = [
        {"Id": "whole", "Arn": arn},
        {"Id": "part", "Arn": arn, "InputPath": "$.detail.order"},
        {"Id": "constant", "Arn": arn, "Input": '{"hello": "world"}'},
    ]
    events.put_targets(Rule=rule, Targets=targets)
    events.put_events(Entries=[{"Source": "parts", "DetailType": "t", "Detail": '{"order": {"id": 7}}'}])
    bodies = []
    while len(bodies) < 3:
        message = received(cloud, url)
        bodies.append(message["Body"])
        cloud.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert {'{"id":7}', '{"hello": "world"}'} < set(bodies)
    whole = next(json.loads(body) for body in bodies if "detail-type" in body)
    assert (whole["source"], whole["detail"], whole["account"]) == ("parts", {"order": {"id": 7}}, "123456789012")
    assert "path" not in whole


def test_what_cannot_be_delivered_is_kept_with_the_reason(cloud: RunningCloud) -> None:
    events, rule = cloud.client("events"), cloud.name("rule")
    url, grave = open_queue(cloud, cloud.name("dead"))
    _gone, arn = open_queue(cloud, cloud.name("queue"))
    cloud.client("sqs").delete_queue(QueueUrl=_gone)
    made = events.put_rule(Name=rule, EventPattern=json.dumps({"source": ["lost"]}))["RuleArn"]
    events.put_targets(Rule=rule, Targets=[{"Id": "a", "Arn": arn, "DeadLetterConfig": {"Arn": grave}}])
    sent = events.put_events(Entries=[{"Source": "lost", "DetailType": "t", "Detail": "{}"}])["Entries"][0]["EventId"]
    message = received(cloud, url)
    attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert (attributes["RULE_ARN"], attributes["TARGET_ARN"]) == (made, arn)
    assert attributes["ERROR_CODE"] == "NO_RESOURCE"
    assert "does not exist" in attributes["ERROR_MESSAGE"]
    assert json.loads(message["Body"])["id"] == sent


def test_an_event_goes_on_to_another_bus_and_the_trail_shows_its_path(cloud: RunningCloud) -> None:
    events, bus = cloud.client("events"), cloud.name("bus")
    url, arn = open_queue(cloud, cloud.name("queue"))
    bus_arn = events.create_event_bus(Name=bus)["EventBusArn"]
    first, second = cloud.name("rule"), cloud.name("rule")
    events.put_rule(Name=first, EventPattern=json.dumps({"source": ["far"]}))
    events.put_targets(Rule=first, Targets=[{"Id": "bus", "Arn": bus_arn}])
    events.put_rule(Name=second, EventBusName=bus, EventPattern=json.dumps({"source": ["far"]}))
    events.put_targets(Rule=second, EventBusName=bus, Targets=[{"Id": "queue", "Arn": arn}])
    events.put_events(Entries=[{"Source": "far", "DetailType": "t", "Detail": "{}"}])
    assert json.loads(received(cloud, url)["Body"])["source"] == "far"
    told = json.loads(cloud.command("trail", "--json", "--match", first).stdout)
    steps = [step["step"] for step in told["paths"][-1]["steps"]]
    assert steps == [
        *("event came", "rule matched"),
        *("event came to another bus", "rule matched", "target called", "target called"),
    ]
