"""EventBridge Scheduler through real boto3: schedules that fire, and input that AWS refuses."""

import datetime
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.lab_cloud.events.test_delivery import events_role, open_queue, received, tasks_of
from tests.stage import Place, RunningCloud
from tests.waiting import until

OFF = {"Mode": "OFF"}


@pytest.fixture(scope="module")
def role(cloud: RunningCloud) -> str:
    return events_role(cloud, "scheduler.amazonaws.com", "*")


def calendar(cloud: RunningCloud) -> datetime.datetime:
    """What the lab calendar shows."""
    shown = json.loads(cloud.command("status", "--json").stdout)["calendar"]
    return datetime.datetime.fromisoformat(shown)


def soon(cloud: RunningCloud, minutes: float = 2) -> str:
    moment = calendar(cloud) + datetime.timedelta(minutes=minutes)
    return f"at({moment:%Y-%m-%dT%H:%M:%S})"


def queue_target(arn: str, role: str, **more: Any) -> dict[str, Any]:
    return {"Arn": arn, "RoleArn": role, "Input": "hello <aws.scheduler.schedule-arn>", **more}


def test_a_one_time_schedule_calls_a_queue_and_goes_away(cloud: RunningCloud, role: str) -> None:
    scheduler, name = cloud.client("scheduler"), cloud.name("once")
    url, arn = open_queue(cloud, cloud.name("queue"))
    made = scheduler.create_schedule(
        Name=name,
        ScheduleExpression=soon(cloud),
        FlexibleTimeWindow=OFF,
        Target=queue_target(arn, role),
        ActionAfterCompletion="DELETE",
    )["ScheduleArn"]
    assert made == f"arn:aws:scheduler:us-east-1:123456789012:schedule/default/{name}"
    shown = scheduler.get_schedule(Name=name)
    assert (shown["State"], shown["ScheduleExpressionTimezone"], shown["GroupName"]) == ("ENABLED", "UTC", "default")
    assert received(cloud, url)["Body"] == f"hello {made}"

    def gone() -> bool:
        with pytest.raises(ClientError) as caught:
            scheduler.get_schedule(Name=name)
        return bool(caught.value.response["Error"]["Code"] == "ResourceNotFoundException")

    assert until(gone)


def test_a_rate_runs_a_task_again_and_again(cloud: RunningCloud, place: Place, role: str) -> None:
    scheduler, name = cloud.client("scheduler"), cloud.name("rate")
    cluster = place.ecs.describe_clusters(clusters=[place.name])["clusters"][0]["clusterArn"]
    network = place.network()["awsvpcConfiguration"]
    target = {
        "Arn": cluster,
        "RoleArn": role,
        "EcsParameters": {
            "TaskDefinitionArn": place.program("print('done')"),
            "LaunchType": "FARGATE",
            "NetworkConfiguration": {
                "awsvpcConfiguration": {
                    "Subnets": network["subnets"],
                    "SecurityGroups": network["securityGroups"],
                    "AssignPublicIp": "ENABLED",
                }
            },
        },
    }
    scheduler.create_schedule(
        Name=name, ScheduleExpression="rate(1 minute)", FlexibleTimeWindow=OFF, Target=target
    )  # one AWS minute is a second here

    def started() -> int:  # the cluster has tasks of other tests, too
        tasks = [place.task(arn) for arn in tasks_of(place, desiredStatus="STOPPED")]
        return sum(task.get("startedBy") == f"chronos-schedule/{name}" for task in tasks)

    until(lambda: started() >= 2, 20)
    scheduler.delete_schedule(Name=name)


def test_any_operation_can_be_called_and_a_bus_be_given_an_event(cloud: RunningCloud, role: str) -> None:
    scheduler, ecs, name = cloud.client("scheduler"), cloud.client("ecs"), cloud.name("made-by-schedule")
    scheduler.create_schedule(
        Name=name,
        ScheduleExpression=soon(cloud, 1),
        FlexibleTimeWindow=OFF,
        Target={
            "Arn": "arn:aws:scheduler:::aws-sdk:ecs:createCluster",
            "RoleArn": role,
            "Input": json.dumps({"ClusterName": name}),
        },
    )
    until(lambda: ecs.describe_clusters(clusters=[name])["clusters"])
    url, arn = open_queue(cloud, cloud.name("queue"))
    events = cloud.client("events")
    events.put_rule(Name=name, EventPattern=json.dumps({"source": ["planned"]}))
    events.put_targets(Rule=name, Targets=[{"Id": "a", "Arn": arn}])
    scheduler.create_schedule(
        Name=f"{name}-2",
        ScheduleExpression=soon(cloud, 1),
        FlexibleTimeWindow=OFF,
        Target={
            "Arn": "arn:aws:events:us-east-1:123456789012:event-bus/default",
            "RoleArn": role,
            "Input": '{"n": 1}',
            "EventBridgeParameters": {"Source": "planned", "DetailType": "by schedule"},
        },
    )
    assert json.loads(received(cloud, url)["Body"])["detail"] == {"n": 1}
    for each in (name, f"{name}-2"):
        scheduler.delete_schedule(Name=each)


def test_a_call_that_fails_is_tried_again_and_then_kept(cloud: RunningCloud, place: Place, role: str) -> None:
    scheduler, name = cloud.client("scheduler"), cloud.name("dead")
    url, grave = open_queue(cloud, cloud.name("dead"))
    scheduler.create_schedule(
        Name=name,
        ScheduleExpression=soon(cloud, 1),
        FlexibleTimeWindow=OFF,
        Target={
            "Arn": "arn:aws:sqs:us-east-1:123456789012:nobody",
            "RoleArn": role,
            "Input": "lost",
            "DeadLetterConfig": {"Arn": grave},
            "RetryPolicy": {"MaximumRetryAttempts": 2},
        },
    )
    message = received(cloud, url)
    told = {key: value["StringValue"] for key, value in message["MessageAttributes"].items()}
    assert (message["Body"], told["ERROR_CODE"]) == ("lost", "NO_RESOURCE")
    assert told["SCHEDULE_ARN"].endswith(name)
    scheduler.delete_schedule(Name=name)


def test_groups_hold_schedules(cloud: RunningCloud, role: str) -> None:
    scheduler, group = cloud.client("scheduler"), cloud.name("group")
    _url, arn = open_queue(cloud, cloud.name("queue"))
    made = scheduler.create_schedule_group(Name=group, Tags=[{"Key": "lab", "Value": "07"}])["ScheduleGroupArn"]
    assert scheduler.list_tags_for_resource(ResourceArn=made)["Tags"] == [{"Key": "lab", "Value": "07"}]
    scheduler.tag_resource(ResourceArn=made, Tags=[{"Key": "b", "Value": "2"}])
    scheduler.untag_resource(ResourceArn=made, TagKeys=["lab"])
    assert scheduler.list_tags_for_resource(ResourceArn=made)["Tags"] == [{"Key": "b", "Value": "2"}]
    options = {"FlexibleTimeWindow": OFF, "Target": queue_target(arn, role), "GroupName": group}
    for number in range(3):
        scheduler.create_schedule(Name=f"s{number}", ScheduleExpression="cron(0 3 * * ? *)", **options)
    first = scheduler.list_schedules(GroupName=group, MaxResults=2)
    rest = scheduler.list_schedules(GroupName=group, MaxResults=2, NextToken=first["NextToken"])
    assert [one["Name"] for one in first["Schedules"] + rest["Schedules"]] == ["s0", "s1", "s2"]
    scheduler.update_schedule(Name="s0", ScheduleExpression="rate(1 day)", State="DISABLED", **options)
    assert [one["Name"] for one in scheduler.list_schedules(GroupName=group, State="DISABLED")["Schedules"]] == ["s0"]
    assert group in [one["Name"] for one in scheduler.list_schedule_groups()["ScheduleGroups"]]
    assert scheduler.get_schedule_group(Name=group)["State"] == "ACTIVE"
    scheduler.delete_schedule_group(Name=group)
    with pytest.raises(scheduler.exceptions.ResourceNotFoundException, match="group-"):
        scheduler.get_schedule(Name="s0", GroupName=group)


BAD: list[tuple[str, dict[str, Any], str]] = [
    ("a rate in the wrong number", {"ScheduleExpression": "rate(5 minute)"}, "Invalid Schedule Expression"),
    ("five fields", {"ScheduleExpression": "cron(0 3 * * ?)"}, "Invalid Schedule Expression"),
    ("the past", {"ScheduleExpression": "at(2001-01-01T00:00:00)"}, "It is in the past"),
    ("no such zone", {"ScheduleExpressionTimezone": "Mars/Base"}, "is not valid"),
    ("a window without its size", {"FlexibleTimeWindow": {"Mode": "FLEXIBLE"}}, "MaximumWindowInMinutes"),
    ("a role that nobody made", {"role": "arn:aws:iam::123456789012:role/nobody"}, "must allow AWS EventBridge"),
    ("an operation that reads", {"arn": "arn:aws:scheduler:::aws-sdk:ecs:listTasks"}, "only reads"),
    ("an operation that is none", {"arn": "arn:aws:scheduler:::aws-sdk:ecs:flyTask"}, "is not an operation"),
    ("no parameters for ECS", {"arn": "arn:aws:ecs:us-east-1:123456789012:cluster/a"}, "EcsParameters must be"),
    ("the end before the start", {"StartDate": 2_000_000_000, "EndDate": 1_999_999_000}, "must come after"),
]


@pytest.mark.parametrize("case", BAD, ids=lambda case: case[0])
def test_bad_schedules_are_refused(cloud: RunningCloud, role: str, case: tuple[str, dict[str, Any], str]) -> None:
    _name, changes, words = case
    target = {
        "Arn": changes.pop("arn", "arn:aws:sqs:us-east-1:123456789012:q"),
        "RoleArn": changes.pop("role", role),
    }
    given = {"ScheduleExpression": "rate(5 minutes)", "FlexibleTimeWindow": OFF, "Target": target, **changes}
    with pytest.raises(ClientError) as caught:
        cloud.client("scheduler").create_schedule(Name="bad", **given)
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert words in caught.value.response["Error"]["Message"]
