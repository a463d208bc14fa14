"""How fast events are: matched, brought to a task, on time; and whether any is lost."""

import json
import os
import signal
import tempfile
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psutil

from bench.report import Report
from lab_cloud import home as running_home
from lab_cloud.control import ask
from lab_cloud.events.pattern import read
from tests.lab_cloud.events.test_delivery import events_role, open_queue
from tests.stage import Place, RunningCloud
from tests.waiting import until

RULES, EVENTS, MESSAGES, WORKERS, KILLS = 50, 1000, 10_000, 4, 6
PATTERNS = (
    {"source": ["shop"], "detail": {"n": [{"numeric": [">=", 0]}], "kind": [{"prefix": "or"}]}},
    {"source": ["shop"], "detail": {"colour": [{"anything-but": ["red"]}]}},
    {"source": [{"prefix": "aws."}], "detail-type": ["ECS Task State Change"], "detail": {"lastStatus": ["STOPPED"]}},
    {"source": ["shop"], "$or": [{"detail": {"a": [1]}}, {"detail": {"key": [{"wildcard": "in/*/x*.csv"}]}}]},
    {"detail": {"address": [{"cidr": "10.0.0.0/8"}], "missing": [{"exists": False}]}},
)
COPIES = """
import boto3, os
s3 = boto3.client("s3")
key = os.environ["KEY"]
text = s3.get_object(Bucket=os.environ["BUCKET"], Key=key)["Body"].read()
s3.put_object(Bucket=os.environ["BUCKET"], Key=key.replace("in/", "out/"), Body=text.upper())
"""
WORKS = """
import boto3, os
sqs = boto3.client("sqs")
work, done = os.environ["WORK"], os.environ["DONE"]
while True:
    found = sqs.receive_message(QueueUrl=work, MaxNumberOfMessages=10, WaitTimeSeconds=5, VisibilityTimeout=5)
    messages = found.get("Messages", [])
    if not messages:
        continue
    sqs.send_message_batch(QueueUrl=done, Entries=[{"Id": m["MessageId"], "MessageBody": m["Body"]} for m in messages])
    sqs.delete_message_batch(
        QueueUrl=work, Entries=[{"Id": m["MessageId"], "ReceiptHandle": m["ReceiptHandle"]} for m in messages]
    )
"""


def run(report: Report, rounds: int) -> None:
    """Measure and print."""
    _matching(report, rounds)
    with tempfile.TemporaryDirectory() as folder:
        cloud = RunningCloud(Path(folder) / "lab")
        cloud.command("up")
        try:
            place = Place(cloud)
            role = events_role(cloud)
            _to_a_task(report, place, role, rounds)
            _upload(report, place, role, rounds)
            _put(report, cloud)
            _none_lost(report, cloud)
            _on_time(report, cloud)
            _workers(report, place)
        finally:
            cloud.command("down")


def _matching(report: Report, rounds: int) -> None:
    report.section(f"Events against {RULES} rules")
    patterns = [read(json.dumps(PATTERNS[number % len(PATTERNS)])) for number in range(RULES)]
    events = [
        {
            "source": "shop",
            "detail-type": "order",
            "detail": {"n": number, "kind": "order", "colour": "blue", "key": "in/a/x.csv", "address": "10.1.2.3"},
        }
        for number in range(EVENTS)
    ]
    speeds = []
    for _ in range(rounds):
        began = time.perf_counter()
        for event in events:
            for pattern in patterns:
                pattern.matches(event)
        speeds.append(EVENTS / (time.perf_counter() - began))
    report.figure("matched in one thread", speeds, "/s", least=1000)


def _task_target(place: Place, role: str, definition: str, **more: Any) -> dict[str, Any]:
    network = {"Subnets": place.subnets, "SecurityGroups": [place.group], "AssignPublicIp": "ENABLED"}
    parameters = {
        "TaskDefinitionArn": definition,
        "LaunchType": "FARGATE",
        "NetworkConfiguration": {"awsvpcConfiguration": network},
    }
    arn = f"arn:aws:ecs:us-east-1:123456789012:cluster/{place.name}"
    return {"Id": "task", "Arn": arn, "RoleArn": role, "EcsParameters": parameters, **more}


def _to_a_task(report: Report, place: Place, role: str, rounds: int) -> None:
    report.section("From an event to what it starts")
    events, rule = place.cloud.client("events"), place.cloud.name("rule")
    definition = place.program("import time; time.sleep(600)")
    events.put_rule(Name=rule, EventPattern=json.dumps({"source": ["bench"]}))
    events.put_targets(Rule=rule, Targets=[_task_target(place, role, definition)])
    spent = []
    for _ in range(rounds):
        began = time.perf_counter()
        events.put_events(Entries=[{"Source": "bench", "DetailType": "t", "Detail": "{}"}])
        (task,) = until(lambda: place.ecs.list_tasks(cluster=place.name)["taskArns"], 10, 0.005)
        until(lambda task=task: place.task(task)["lastStatus"] == "RUNNING", 10, 0.005)  # type: ignore[misc]
        spent.append(time.perf_counter() - began)
        place.ecs.stop_task(cluster=place.name, task=task)
        until(lambda: not place.ecs.list_tasks(cluster=place.name)["taskArns"], 10)
    report.figure("put_events to the task RUNNING", spent, "s", most=0.6)
    events.remove_targets(Rule=rule, Ids=["task"])


def _upload(report: Report, place: Place, role: str, rounds: int) -> None:
    cloud = place.cloud
    s3, events, bucket = cloud.client("s3"), cloud.client("events"), cloud.name("bucket")
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}})
    task_role = events_role(cloud, "ecs-tasks.amazonaws.com", "s3:*")
    made = place.ecs.register_task_definition(
        family=cloud.name("copies"), networkMode="awsvpc", requiresCompatibilities=["FARGATE"], cpu="1024",
        memory="2048", taskRoleArn=task_role,
        containerDefinitions=[{"name": "web", "image": "python:3.12-alpine", "command": ["python", "-c", COPIES]}],
    )["taskDefinition"]["taskDefinitionArn"]  # fmt: skip
    rule = cloud.name("rule")
    pattern = {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {"object": {"key": [{"prefix": "in/"}]}},
    }
    events.put_rule(Name=rule, EventPattern=json.dumps(pattern))
    transformer = {
        "InputPathsMap": {"bucket": "$.detail.bucket.name", "key": "$.detail.object.key"},
        "InputTemplate": '{"containerOverrides": [{"name": "web", "environment": ['
        '{"name": "BUCKET", "value": <bucket>}, {"name": "KEY", "value": <key>}]}]}',
    }
    events.put_targets(Rule=rule, Targets=[_task_target(place, role, made, InputTransformer=transformer)])
    spent = []
    for number in range(rounds):
        began = time.perf_counter()
        s3.put_object(Bucket=bucket, Key=f"in/{number}", Body=b"hello")
        until(lambda number=number: s3.head_object(Bucket=bucket, Key=f"out/{number}"), 15, 0.01)  # type: ignore[misc]
        spent.append(time.perf_counter() - began)
    report.figure("an upload to S3 to the object that its task writes", spent, "s", most=1.5)
    events.remove_targets(Rule=rule, Ids=["task"])


def _batches(count: int) -> list[list[int]]:
    return [list(range(start, min(start + 10, count))) for start in range(0, count, 10)]


def _put(report: Report, cloud: RunningCloud) -> None:
    report.section(f"{EVENTS} events put, {RULES} rules, one of which matches and calls a queue")
    events, sqs = cloud.client("events"), cloud.client("sqs")
    url, arn = open_queue(cloud, cloud.name("queue"))
    names = [cloud.name("rule") for _ in range(RULES)]
    for number, name in enumerate(names):
        pattern = {"source": ["many"], "detail": {"n": [{"numeric": [">=" if number == 0 else "<", 0]}]}}
        events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=names[0], Targets=[{"Id": "a", "Arn": arn}])
    began = time.perf_counter()
    for batch in _batches(EVENTS):
        entries = [{"Source": "many", "DetailType": "t", "Detail": json.dumps({"n": number})} for number in batch]
        assert events.put_events(Entries=entries)["FailedEntryCount"] == 0
    put = time.perf_counter() - began
    until(lambda: _waiting(sqs, url) == EVENTS, 30)
    report.figure("put and matched", [EVENTS / put], "/s", least=1000)
    report.figure("until the last one lies in the queue", [time.perf_counter() - began], "s")
    events.remove_targets(Rule=names[0], Ids=["a"])
    for name in names:
        events.delete_rule(Name=name)


def _none_lost(report: Report, cloud: RunningCloud) -> None:
    report.section(f"{EVENTS} events to a target that is gone: each becomes a dead letter")
    events, sqs, rule = cloud.client("events"), cloud.client("sqs"), cloud.name("rule")
    url, grave = open_queue(cloud, cloud.name("dead"))
    gone = "arn:aws:sqs:us-east-1:123456789012:nobody-made-this"
    events.put_rule(Name=rule, EventPattern=json.dumps({"source": ["lost"]}))
    target = {"Id": "a", "Arn": gone, "DeadLetterConfig": {"Arn": grave}}
    events.put_targets(Rule=rule, Targets=[target])
    sent: set[str] = set()
    for batch in _batches(EVENTS):
        entries = [{"Source": "lost", "DetailType": "t", "Detail": json.dumps({"n": number})} for number in batch]
        sent |= {entry["EventId"] for entry in events.put_events(Entries=entries)["Entries"]}
    until(lambda: _waiting(sqs, url) >= EVENTS, 30)
    found = {json.loads(body)["id"] for body in _all(sqs, url)}
    report.figure(f"of {EVENTS} events not among the dead letters", [len(sent - found)], "", most=0)
    events.remove_targets(Rule=rule, Ids=["a"])


def _waiting(sqs: Any, url: str) -> int:
    name = "ApproximateNumberOfMessages"
    return int(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name])


def _some(sqs: Any, url: str) -> list[str]:
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", [])
    if messages:
        entries = [{"Id": str(n), "ReceiptHandle": one["ReceiptHandle"]} for n, one in enumerate(messages)]
        sqs.delete_message_batch(QueueUrl=url, Entries=entries)
    return [message["Body"] for message in messages]


def _all(sqs: Any, url: str) -> list[str]:
    bodies: list[str] = []
    while found := _some(sqs, url):
        bodies += found
    return bodies


def _on_time(report: Report, cloud: RunningCloud) -> None:
    report.section("Schedules over an hour of the lab calendar (a minute), one every ten minutes of it")
    scheduler, sqs = cloud.client("scheduler"), cloud.client("sqs")
    url, arn = open_queue(cloud, cloud.name("times"))
    role = events_role(cloud, "scheduler.amazonaws.com", "sqs:SendMessage")
    now, real = _clocks(cloud)
    first = now.replace(second=0, microsecond=0) + timedelta(minutes=5)
    for number in range(6):
        moment = first + timedelta(minutes=10 * number)
        scheduler.create_schedule(
            Name=cloud.name("at"),
            ScheduleExpression=f"at({moment:%Y-%m-%dT%H:%M:%S})",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": arn, "RoleArn": role, "Input": moment.isoformat()},
            ActionAfterCompletion="DELETE",
        )
    late: list[float] = []
    deadline = time.monotonic() + 120
    while len(late) < 6 and time.monotonic() < deadline:
        answer = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5, MessageSystemAttributeNames=["SentTimestamp"])
        for message in answer.get("Messages", ()):
            wanted = real + (datetime.fromisoformat(message["Body"]) - now).total_seconds() / 60
            late.append(abs(int(message["Attributes"]["SentTimestamp"]) / 1000 - wanted))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    report.figure("of 6 schedules that did not fire", [6 - len(late)], "", most=0)
    report.figure("how far from its moment the worst one fired", [max(late, default=0)], "s", most=0.1)


def _clocks(cloud: RunningCloud) -> tuple[datetime, float]:
    """The lab calendar and the real time at one moment, within a few milliseconds."""
    found = running_home.read(cloud.home)
    assert found is not None
    best: tuple[float, datetime, float] | None = None
    for _ in range(20):
        before = time.time()
        shown = datetime.fromisoformat(ask(found, "status")["calendar"])
        after = time.time()
        if best is None or after - before < best[0]:
            best = (after - before, shown, (before + after) / 2)
    assert best is not None
    return best[1], best[2]


def _workers(report: Report, place: Place) -> None:
    report.section(f"{MESSAGES} messages, {WORKERS} workers as a service, {KILLS} of them killed on the way")
    cloud = place.cloud
    sqs = cloud.client("sqs")
    work = sqs.create_queue(QueueName=cloud.name("work"))["QueueUrl"]
    done = sqs.create_queue(QueueName=cloud.name("done"))["QueueUrl"]
    role = events_role(cloud, "ecs-tasks.amazonaws.com", "sqs:*")
    environment = [{"name": "WORK", "value": work}, {"name": "DONE", "value": done}]
    container = {"name": "web", "image": "python:3.12-alpine", "command": ["python", "-c", WORKS]}
    made = place.ecs.register_task_definition(
        family=cloud.name("works"), networkMode="awsvpc", requiresCompatibilities=["FARGATE"], cpu="256", memory="512",
        taskRoleArn=role, containerDefinitions=[{**container, "environment": environment}],
    )["taskDefinition"]["taskDefinitionArn"]  # fmt: skip
    service = place.serve(made, WORKERS)
    for batch in _batches(MESSAGES):
        sqs.send_message_batch(QueueUrl=work, Entries=[{"Id": str(n), "MessageBody": str(n)} for n in batch])
    until(lambda: _waiting(sqs, done) > MESSAGES / 20, 60)
    killed = 0
    began = time.perf_counter()
    seen: set[int] = set()
    deadline = time.monotonic() + 300
    while len(seen) < MESSAGES and time.monotonic() < deadline:
        seen |= {int(body) for body in _some(sqs, done)}
        if killed < KILLS and len(seen) > MESSAGES * (killed + 1) / (KILLS + 3):
            killed += _kill_one(cloud)
    report.figure(f"of {MESSAGES} messages lost, {killed} workers killed", [MESSAGES - len(seen)], "", most=0)
    report.figure("to work through them", [time.perf_counter() - began], "s")
    place.ecs.delete_service(cluster=place.name, service=service, force=True)


def _kill_one(cloud: RunningCloud) -> int:
    for child in psutil.Process(cloud.state["pid"]).children(recursive=True):
        if _is_worker(child.cmdline()):
            os.kill(child.pid, signal.SIGKILL)
            return 1
    return 0


def _is_worker(command: Sequence[str]) -> bool:
    return any("delete_message_batch" in word for word in command)
