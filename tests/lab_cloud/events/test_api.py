"""EventBridge's operations through real boto3: what is kept and listed, and what is refused in AWS's words."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.lab_cloud.events.test_delivery import events_role, open_queue, received
from tests.stage import RunningCloud
from tests.waiting import until

QUEUE = "arn:aws:sqs:us-east-1:123456789012:q"
CLUSTER = "arn:aws:ecs:us-east-1:123456789012:cluster/c"


@pytest.fixture
def events(cloud: RunningCloud) -> Any:
    return cloud.client("events")


def refused(call: Any, **arguments: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_bus_is_made_described_tagged_and_deleted(cloud: RunningCloud, events: Any) -> None:
    name = cloud.name("bus")
    arn = events.create_event_bus(Name=name, Description="mine", Tags=[{"Key": "lab", "Value": "07"}])["EventBusArn"]
    assert arn == f"arn:aws:events:us-east-1:123456789012:event-bus/{name}"
    events.update_event_bus(Name=name, Description="ours")
    assert events.describe_event_bus(Name=name)["Description"] == "ours"
    assert [bus["Name"] for bus in events.list_event_buses(NamePrefix=name)["EventBuses"]] == [name]
    assert events.describe_event_bus()["Name"] == "default"
    events.tag_resource(ResourceARN=arn, Tags=[{"Key": "b", "Value": "2"}])
    events.untag_resource(ResourceARN=arn, TagKeys=["lab"])
    assert events.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
    events.put_permission(EventBusName=name, StatementId="a", Action="events:PutEvents", Principal="111122223333")
    assert "111122223333" in events.describe_event_bus(Name=name)["Policy"]
    events.remove_permission(EventBusName=name, StatementId="a")
    assert "Policy" not in events.describe_event_bus(Name=name)
    assert refused(events.create_event_bus, Name=name)[0] == "ResourceAlreadyExistsException"
    assert refused(events.delete_event_bus, Name="default") == (
        "ValidationException",
        "Cannot delete event bus default.",
    )
    events.delete_event_bus(Name=name)
    assert refused(events.describe_event_bus, Name=name) == (
        "ResourceNotFoundException",
        f"Event bus {name} does not exist.",
    )


def test_rules_are_listed_in_pages_and_known_by_their_targets(cloud: RunningCloud, events: Any) -> None:
    stem = cloud.name("paged")
    names = [f"{stem}-{number}" for number in range(3)]
    for name in names:
        events.put_rule(Name=name, EventPattern='{"source": ["x"]}', Description="d")
        events.put_targets(Rule=name, Targets=[{"Id": "b", "Arn": f"{QUEUE}-{stem}"}, {"Id": "a", "Arn": QUEUE}])
    first = events.list_rules(NamePrefix=stem, Limit=2)
    rest = events.list_rules(NamePrefix=stem, Limit=2, NextToken=first["NextToken"])
    assert [rule["Name"] for rule in first["Rules"] + rest["Rules"]] == names
    assert events.list_rule_names_by_target(TargetArn=f"{QUEUE}-{stem}")["RuleNames"] == names
    assert [one["Id"] for one in events.list_targets_by_rule(Rule=names[0])["Targets"]] == ["a", "b"]
    events.disable_rule(Name=names[0])
    assert events.describe_rule(Name=names[0])["State"] == "DISABLED"
    events.enable_rule(Name=names[0])
    assert events.describe_rule(Name=names[0])["CreatedBy"] == "123456789012"
    assert refused(events.delete_rule, Name=names[0]) == (
        "ValidationException",
        "Rule can't be deleted since it has targets.",
    )
    answer = events.remove_targets(Rule=names[0], Ids=["a", "b", "c"])
    assert [one["TargetId"] for one in answer["FailedEntries"]] == ["c"]
    for name in names:
        events.remove_targets(Rule=name, Ids=["a", "b"])
        events.delete_rule(Name=name)


BAD_RULES: list[tuple[dict[str, Any], str, str]] = [
    ({}, "ValidationException", "Parameter(s) EventPattern or ScheduleExpression must be specified."),
    ({"EventPattern": "{"}, "InvalidEventPatternException", "Event pattern is not valid. Reason: "),
    ({"EventPattern": '{"a": [{"like": "b"}]}'}, "InvalidEventPatternException", "Unrecognized match type like"),
    ({"ScheduleExpression": "rate(1 minutes)"}, "ValidationException", "Parameter ScheduleExpression is not valid."),
    ({"ScheduleExpression": "at(2030-01-01T00:00:00)"}, "ValidationException", "EventBridge Scheduler"),
    ({"EventPattern": '{"a": ["b"]}', "EventBusName": "nobody"}, "ResourceNotFoundException", "does not exist."),
]


@pytest.mark.parametrize("case", BAD_RULES, ids=lambda case: case[2][:30])
def test_bad_rules_are_refused(events: Any, case: tuple[dict[str, Any], str, str]) -> None:
    code, message = refused(events.put_rule, Name="bad", **case[0])
    assert code == case[1]
    assert case[2] in message


BAD_TARGETS: list[tuple[dict[str, Any], str]] = [
    ({"Arn": "q"}, "Provided Arn is not in correct format."),
    ({"Arn": "arn:aws:lambda:us-east-1:123456789012:function:f"}, "are not part of the embedded cloud"),
    ({"Arn": f"{QUEUE}.fifo"}, "Parameter(s) SqsParameters must be specified for target: t."),
    ({"Arn": CLUSTER}, "Parameter(s) EcsParameters must be specified for target: t."),
    (
        {"Arn": CLUSTER, "EcsParameters": {"TaskDefinitionArn": "arn:aws:ecs:us-east-1:1:task-definition/a"}},
        f"RoleArn is required for target {CLUSTER}.",
    ),
    ({"Arn": QUEUE, "RoleArn": "arn:aws:iam::123456789012:role/nobody"}, "cannot be assumed by principal"),
    ({"Arn": QUEUE, "Input": "{}", "InputPath": "$.detail"}, "Only one of Input, InputPath, or InputTransformer"),
    ({"Arn": QUEUE, "InputPath": "detail"}, "Invalid JSONPath"),
    ({"Arn": QUEUE, "InputTransformer": {"InputTemplate": '{"a": <b>}'}}, "unknown variable <b>"),
    ({"Arn": QUEUE, "InputTransformer": {"InputTemplate": '{"a": '}}, "Invalid InputTemplate for target t"),
    ({"Arn": QUEUE, "DeadLetterConfig": {"Arn": f"{QUEUE}.fifo"}}, "a dead-letter queue is a standard SQS queue"),
]


@pytest.mark.parametrize("case", BAD_TARGETS, ids=lambda case: case[1][:30])
def test_bad_targets_are_refused(cloud: RunningCloud, events: Any, case: tuple[dict[str, Any], str]) -> None:
    events.put_rule(Name="bad-targets", EventPattern='{"source": ["x"]}')
    code, message = refused(events.put_targets, Rule="bad-targets", Targets=[{"Id": "t", **case[0]}])
    assert code == "ValidationException"
    assert case[1] in message


def test_a_role_that_trusts_another_service_is_refused(cloud: RunningCloud, events: Any) -> None:
    role = events_role(cloud, "ecs-tasks.amazonaws.com")
    events.put_rule(Name="bad-role", EventPattern='{"source": ["x"]}')
    _code, message = refused(events.put_targets, Rule="bad-role", Targets=[{"Id": "t", "Arn": QUEUE, "RoleArn": role}])
    assert message == f"Provided role '{role}' cannot be assumed by principal 'events.amazonaws.com'."


def test_a_rule_has_five_targets_and_a_bus_300_rules(cloud: RunningCloud, events: Any) -> None:
    bus = cloud.name("full")
    events.create_event_bus(Name=bus)
    for number in range(300):
        events.put_rule(Name=f"r{number}", EventBusName=bus, EventPattern='{"source": ["x"]}')
    more = {"EventBusName": bus, "EventPattern": '{"source": ["x"]}'}
    assert refused(events.put_rule, Name="one-more", **more)[0] == "LimitExceededException"
    targets = [{"Id": str(number), "Arn": QUEUE} for number in range(6)]
    assert refused(events.put_targets, Rule="r0", EventBusName=bus, Targets=targets)[0] == "LimitExceededException"
    assert refused(events.delete_event_bus, Name=bus)[0] == "ValidationException"
    code, message = refused(events.put_rule, Name="s", EventBusName=bus, ScheduleExpression="rate(5 minutes)")
    assert (code, message) == (
        "ValidationException",
        "ScheduleExpression is supported only on the default event bus.",
    )


def test_entries_that_are_wrong_fail_alone(events: Any) -> None:
    good = {"Source": "s", "DetailType": "t", "Detail": "{}"}
    entries = [
        good,
        {**good, "Source": "aws.ec2"},
        {**good, "Detail": "{"},
        {**good, "Detail": "[]"},
        {"Source": "s", "Detail": "{}"},
    ]
    answer = events.put_events(Entries=entries)
    assert answer["FailedEntryCount"] == 4
    assert [entry.get("ErrorCode") for entry in answer["Entries"]] == [
        *(None, "NotAuthorizedForSourceException", "MalformedDetail", "MalformedDetail", "InvalidArgument")
    ]
    assert refused(events.put_events, Entries=[good] * 11)[0] == "ValidationException"
    huge = {**good, "Detail": json.dumps({"x": "y" * 1024 * 1024})}
    assert refused(events.put_events, Entries=[huge]) == (
        "ValidationException",
        "Total size of the entries in the request is over the limit.",
    )


def test_a_pattern_is_tried(events: Any) -> None:
    event = {
        "id": "1", "account": "123456789012", "source": "s", "time": "2026-11-25T00:00:00Z",
        "region": "us-east-1", "resources": [], "detail-type": "t", "detail": {"n": 5},
    }  # fmt: skip
    pattern = '{"detail": {"n": [{"numeric": [">", 4]}]}}'
    assert events.test_event_pattern(EventPattern=pattern, Event=json.dumps(event))["Result"] is True
    assert events.test_event_pattern(EventPattern='{"source": ["z"]}', Event=json.dumps(event))["Result"] is False
    assert refused(events.test_event_pattern, EventPattern=pattern, Event="{}")[0] == "ValidationException"
    code = refused(events.test_event_pattern, EventPattern="[]", Event=json.dumps(event))[0]
    assert code == "InvalidEventPatternException"


def test_what_is_not_here_says_why(events: Any) -> None:
    code, message = refused(events.create_archive, ArchiveName="a", EventSourceArn="arn:aws:events:::a")
    assert code == "UnsupportedOperation"
    assert "Archives and replays are not here" in message


def test_a_rate_calls_its_target_again_and_again_until_it_is_disabled(cloud: RunningCloud, events: Any) -> None:
    name = cloud.name("rate")
    url, arn = open_queue(cloud, cloud.name("queue"))
    rule = events.put_rule(Name=name, ScheduleExpression="rate(1 minute)")["RuleArn"]
    events.put_targets(Rule=name, Targets=[{"Id": "a", "Arn": arn}])
    for _ in range(2):
        message = received(cloud, url)
        cloud.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        event = json.loads(message["Body"])
        assert (event["source"], event["detail-type"], event["resources"]) == ("aws.events", "Scheduled Event", [rule])
    events.disable_rule(Name=name)
    events.remove_targets(Rule=name, Ids=["a"])
    events.delete_rule(Name=name)


def test_topics_logs_and_queues_need_policies_that_let_events_in(cloud: RunningCloud, events: Any) -> None:
    sns, logs, sqs, name = cloud.client("sns"), cloud.client("logs"), cloud.client("sqs"), cloud.name("policies")
    topic = sns.create_topic(Name=name)["TopicArn"]
    group = f"/aws/events/{name}"
    logs.create_log_group(logGroupName=group)
    closed = sqs.create_queue(QueueName=name)["QueueUrl"]
    heard, heard_arn = open_queue(cloud, cloud.name("heard"))
    dead, grave = open_queue(cloud, cloud.name("dead"))
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=heard_arn)
    arns = [topic, f"arn:aws:logs:us-east-1:123456789012:log-group:{group}", f"{QUEUE[:-1]}{name}"]
    events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))
    events.put_targets(
        Rule=name,
        Targets=[{"Id": str(n), "Arn": arn, "DeadLetterConfig": {"Arn": grave}} for n, arn in enumerate(arns)],
    )
    entry = {"Source": name, "DetailType": "t", "Detail": '{"n": 1}'}
    events.put_events(Entries=[entry])
    codes = []
    for _ in arns:
        message = received(cloud, dead)
        codes.append(message["MessageAttributes"]["ERROR_CODE"]["StringValue"])
        sqs.delete_message(QueueUrl=dead, ReceiptHandle=message["ReceiptHandle"])
    assert codes == ["NO_PERMISSIONS"] * 3
    let_in = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}}
    allow = json.dumps({"Version": "2012-10-17", "Statement": [{**let_in, "Action": "sns:Publish", "Resource": topic}]})
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=allow)
    stream = {**let_in, "Action": ["logs:CreateLogStream", "logs:PutLogEvents"]}
    where = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/events/*:*"
    allow = json.dumps({"Version": "2012-10-17", "Statement": [{**stream, "Resource": where}]})
    logs.put_resource_policy(policyName=name, policyDocument=allow)
    events.put_events(Entries=[entry])
    assert json.loads(json.loads(received(cloud, heard)["Body"])["Message"])["detail"] == {"n": 1}
    written = until(lambda: logs.filter_log_events(logGroupName=group)["events"])
    assert json.loads(written[0]["message"])["source"] == name
    assert "Messages" not in sqs.receive_message(QueueUrl=closed)
    watch = cloud.client("cloudwatch")

    def counted() -> bool:
        found = {one["MetricName"] for one in watch.list_metrics(Namespace="AWS/Events")["Metrics"]}
        return {"Invocations", "MatchedEvents", "TriggeredRules", "FailedInvocations", "InvocationsSentToDlq"} <= found

    assert until(counted)
