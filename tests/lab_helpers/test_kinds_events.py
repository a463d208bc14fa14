"""What a lab makes of events, schedules, queues and topics is found by its tag and deleted; nothing else is."""

import json

import pytest

from lab_helpers import Lab

pytestmark = pytest.mark.usefixtures("cloud")

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole"},
        ],
    }
)


def test_everything_goes() -> None:
    lab = Lab(2)
    lab.start()
    sqs, sns, events = lab.client("sqs"), lab.client("sns"), lab.client("events")
    scheduler, iam = lab.client("scheduler"), lab.client("iam")
    queue = sqs.create_queue(QueueName="orders")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = sns.create_topic(Name="alarms")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    events.create_event_bus(Name="shop")
    for bus in ("default", "shop"):
        events.put_rule(Name=f"on-{bus}", EventPattern='{"source": ["shop"]}', EventBusName=bus)
        events.put_targets(Rule=f"on-{bus}", EventBusName=bus, Targets=[{"Id": "1", "Arn": arn}])
    role = iam.create_role(RoleName="caller", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    somebody = lab.session.client("iam").create_role(  # a role whose tags say another course
        RoleName="another", AssumeRolePolicyDocument=TRUST, Tags=[{"Key": "lab", "Value": "another"}]
    )["Role"]["Arn"]
    scheduler.create_schedule_group(Name="night")
    for name, group, of in (("a", "default", role), ("b", "night", somebody), ("theirs", "default", somebody)):
        scheduler.create_schedule(
            Name=name, GroupName=group, ScheduleExpression="rate(1 day)", FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": arn, "RoleArn": of},
        )  # fmt: skip
    expected = {
        ("schedule", "a"),
        ("schedule", "b"),
        ("schedule group", "night"),
        ("rule", "on-default"),
        ("rule", "on-shop"),
        ("event bus", "shop"),
        ("queue", "orders"),
        ("topic", "alarms"),
        ("role", "caller"),
    }
    there = {(thing.kind, thing.name) for thing in lab.teardown(dry_run=True).things}
    assert there >= expected
    assert ("schedule", "theirs") not in there
    lab.teardown()
    assert lab.teardown(dry_run=True).things == ()
    assert [one["Name"] for one in scheduler.list_schedules()["Schedules"]] == ["theirs"]
