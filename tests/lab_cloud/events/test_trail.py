"""The record of an event's path, from an upload to the object that a task writes."""

import json
from typing import Any

from lab_cloud.events.trail import KEPT, Trail
from tests.lab_cloud.events.test_delivery import events_role
from tests.stage import Place, RunningCloud
from tests.waiting import until

COPIES = """
import boto3, os
boto3.client("s3").put_object(Bucket=os.environ["BUCKET"], Key="out/result", Body=b"done")
"""


def test_an_upload_its_task_and_what_that_writes_are_one_path(cloud: RunningCloud, place: Place) -> None:
    s3, events, name = cloud.client("s3"), cloud.client("events"), cloud.name("upload")
    s3.create_bucket(Bucket=name)
    s3.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration={"EventBridgeConfiguration": {}})
    made = place.ecs.register_task_definition(
        family=name, networkMode="awsvpc", requiresCompatibilities=["FARGATE"], cpu="256", memory="512",
        taskRoleArn=events_role(cloud, "ecs-tasks.amazonaws.com", "s3:*"),
        containerDefinitions=[{
            "name": "web", "image": "python:3.12-alpine", "command": ["python", "-c", COPIES],
            "environment": [{"name": "BUCKET", "value": name}],
        }],
    )["taskDefinition"]["taskDefinitionArn"]  # fmt: skip
    detail = {"bucket": {"name": [name]}, "object": {"key": [{"prefix": "in/"}]}}
    events.put_rule(Name=name, EventPattern=json.dumps({"source": ["aws.s3"], "detail": detail}))
    network = {"Subnets": place.subnets, "SecurityGroups": [place.group], "AssignPublicIp": "ENABLED"}
    target = {
        "Id": "task",
        "Arn": f"arn:aws:ecs:us-east-1:123456789012:cluster/{place.name}",
        "RoleArn": events_role(cloud),
        "EcsParameters": {
            "TaskDefinitionArn": made,
            "LaunchType": "FARGATE",
            "NetworkConfiguration": {"awsvpcConfiguration": network},
        },
    }
    events.put_targets(Rule=name, Targets=[target])
    s3.put_object(Bucket=name, Key="in/a", Body=b"x")

    def path() -> list[dict[str, Any]]:
        (found,) = json.loads(cloud.command("trail", "--json", "--match", name).stdout)["paths"]
        steps: list[dict[str, Any]] = found["steps"]
        return steps if steps[-1]["step"] == "task STOPPED" else []

    steps = until(path, 30, 0.3)
    told = [step["step"] for step in steps]
    assert steps[0]["subject"] == "in/a"
    assert told[:3] == ["event came", "rule matched", "target called"]
    assert told.index("task RUNNING") < told.index("object written") < told.index("task STOPPED")
    written = next(step for step in steps if step["step"] == "object written")
    assert written["object"] == f"s3://{name}/out/result"
    assert "object written" in cloud.command("trail", "--match", name).stdout
    events.remove_targets(Rule=name, Ids=["task"])
    events.delete_rule(Name=name)


def test_the_oldest_paths_are_forgotten_and_new_steps_are_found_by_number() -> None:
    trail = Trail()
    for number in range(KEPT + 5):
        trail.begin(str(number), "us-east-1", f"event {number}", float(number), "event came")
    shown = trail.shown(limit=KEPT + 5)
    assert len(shown["paths"]) == KEPT
    assert trail.shown(since=shown["last"])["paths"] == []
    trail.add("10", 1.0, "rule matched", rule="mine")
    assert [path["id"] for path in trail.shown(since=shown["last"])["paths"]] == ["10"]
    assert [path["id"] for path in trail.shown(match="mine")["paths"]] == ["10"]
