"""Lab 07: a pattern for reports, a role's rights to start a task, a schedule at night, tasks that went wrong."""

import json
import re
from typing import TYPE_CHECKING, Any

from lab_helpers.exercises import Done, Exercise, NotAttempted, NotYet
from lab_helpers.exercises.policies import allows, find_role, statements

if TYPE_CHECKING:
    from lab_helpers.exercises import Outcome
    from lab_helpers.lab import Lab

CLUSTER = "DemoCluster"
GROUP = "lab-07"
WEAK = "lab-07-weak"
ZONE = "Asia/Ho_Chi_Minh"
UPLOAD, STATE = "Object Created", "ECS Task State Change"


def only_reports(lab: "Lab") -> "Outcome":
    """The rule fits reports of our bucket, and nothing else, and leads to the inbox."""
    rule = _rule(lab, "reports")
    if rule is None:
        return NotAttempted("There is no rule called reports yet.")
    where = _where(lab)
    bucket = f"lab-07-{where['account']}-{where['region']}"
    samples = [
        ("a new object reports/may.csv", True, UPLOAD, bucket, "reports/may.csv"),
        ("a new object reports/2026/may.csv", True, UPLOAD, bucket, "reports/2026/may.csv"),
        ("a new object reports/may.txt, which is no .csv", False, UPLOAD, bucket, "reports/may.txt"),
        ("a new object uploads/may.csv, which is not under reports/", False, UPLOAD, bucket, "uploads/may.csv"),
        ("an object of another bucket", False, UPLOAD, "another-bucket", "reports/may.csv"),
        ("an object that was deleted", False, "Object Deleted", bucket, "reports/may.csv"),
    ]
    missing = []
    for what, wanted, kind, name, key in samples:
        detail = {"bucket": {"name": name}, "object": {"key": key}}
        missing += _tried(lab, where, rule, what, wanted, "aws.s3", kind, detail)
    missing += _aimed(lab, "reports", ":inbox", "the queue inbox")
    if missing:
        return NotYet(missing=missing)
    return Done("One pattern holds both ends of the key. Two entries of a list would mean: one or the other.")


def rights_for_the_role(lab: "Lab") -> "Outcome":
    """The role may run the counter and pass its two roles, nothing more, and a task was started."""
    iam, where = lab.client("iam"), _where(lab)
    if find_role(iam, WEAK) is None:
        return NotAttempted(f"There is no role {WEAK}. Run the cells above first.")
    found = statements(iam, WEAK)
    if not found:
        return NotAttempted(f"The role {WEAK} still has no policy.")
    definitions = f"arn:aws:ecs:{where['region']}:{where['account']}:task-definition"
    roles = f"arn:aws:iam::{where['account']}:role"
    missing = []
    for what, action, resource, wanted in (
        ("run counter in its first revision", "ecs:RunTask", f"{definitions}/counter:1", True),
        ("run counter in a later revision", "ecs:RunTask", f"{definitions}/counter:7", True),
        ("run another task definition", "ecs:RunTask", f"{definitions}/batch:1", False),
        ("pass on the task role of counter", "iam:PassRole", f"{roles}/lab-07-counter", True),
        ("pass on the execution role of counter", "iam:PassRole", f"{roles}/ecsTaskExecutionRole", True),
        ("pass on another role", "iam:PassRole", f"{roles}/lab-07-batch", False),
    ):
        if allows(found, action, resource) != wanted:
            missing.append(f"the role must {'' if wanted else 'not '}be allowed to {what}")
    targets = _targets(lab, "rush")
    if not any(one.get("RoleArn", "").endswith(f"/{WEAK}") for one in targets):
        missing.append(f"a target of the rule rush that has the role {WEAK}")
    elif not any("task-definition/counter" in str(one.get("EcsParameters")) for one in targets):
        missing.append("a target of the rule rush that runs the task definition counter")
    if not missing and not _started(lab, "events-rule/rush"):
        missing.append("a task that the rule rush has started: send a rush order and check again in a moment")
    if missing:
        return NotYet(missing=missing)
    return Done("The rule has started a task, with a role that can do nothing else.")


def at_night(lab: "Lab") -> "Outcome":
    """The schedule fires at the right time, in the right zone, with window, target and dead-letter queue."""
    scheduler = lab.client("scheduler")
    try:
        found = scheduler.get_schedule(GroupName=GROUP, Name="nightly")
    except scheduler.exceptions.ResourceNotFoundException:
        return NotAttempted(f"There is no schedule called nightly in the group {GROUP} yet.")
    missing = [*_time(found["ScheduleExpression"])]
    zone = found.get("ScheduleExpressionTimezone", "UTC")
    if zone != ZONE:
        missing.append(f"the time zone {ZONE}: it is {zone}")
    window = found["FlexibleTimeWindow"]
    if window.get("MaximumWindowInMinutes") != 15:
        missing.append(f"a flexible window of 15 minutes: it is {window.get('MaximumWindowInMinutes', 'off')}")
    if found.get("State") == "DISABLED":
        missing.append("a schedule that is enabled")
    target = found["Target"]
    definition = target.get("EcsParameters", {}).get("TaskDefinitionArn", "")
    if not target["Arn"].endswith(f":cluster/{CLUSTER}") or "task-definition/batch" not in definition:
        missing.append(f"the task definition batch on the cluster {CLUSTER} as its target")
    if not target.get("DeadLetterConfig", {}).get("Arn", "").endswith(":dead-letters"):
        missing.append("the queue dead-letters for what cannot be delivered")
    if missing:
        return NotYet(missing=missing)
    return Done("Half past two in Hanoi, whatever the clock in UTC says.")


def _time(expression: str) -> list[str]:
    fields = re.fullmatch(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)", expression.strip())
    if fields is None:
        return [f"an expression of the form cron(...): it is {expression}"]
    minute, hour, *days = fields.groups()
    missing = []
    if (minute.lstrip("0"), hour.lstrip("0")) != ("30", "2"):
        missing.append(f"the time 02:30: it fires at {hour:0>2}:{minute:0>2}")
    if any(one not in ("*", "?") for one in days):
        missing.append("every day of every month and year")
    return missing


def only_crashes(lab: "Lab") -> "Outcome":
    """The rule fits tasks of our cluster that ended badly, and leads to the topic."""
    rule = _rule(lab, "crashed-tasks")
    if rule is None:
        return NotAttempted("There is no rule called crashed-tasks yet.")
    where = _where(lab)
    ours = f"arn:aws:ecs:{where['region']}:{where['account']}:cluster/{CLUSTER}"
    samples: list[tuple[str, bool, str, str, list[int | None]]] = [
        ("a task with the exit code 1", True, ours, "STOPPED", [1]),
        ("a task with the exit code 137", True, ours, "STOPPED", [137]),
        ("a task of two containers, one with the exit code 137", True, ours, "STOPPED", [0, 137]),
        ("a task that ended well", False, ours, "STOPPED", [0]),
        ("a task that still runs", False, ours, "RUNNING", [None]),
        ("a container that has ended badly, in a task that is on its way down", False, ours, "DEACTIVATING", [1]),
        ("a task of another cluster", False, f"{ours}Two", "STOPPED", [1]),
    ]
    missing = []
    for what, wanted, cluster, status, codes in samples:
        containers = [{"name": f"c{n}", **({} if code is None else {"exitCode": code})} for n, code in enumerate(codes)]
        detail = {
            "clusterArn": cluster,
            "lastStatus": status,
            "desiredStatus": "STOPPED" if status != "RUNNING" else "RUNNING",
            "containers": containers,
            "stoppedReason": "Essential container in task exited" if status != "RUNNING" else "",
        }
        missing += _tried(lab, where, rule, what, wanted, "aws.ecs", STATE, detail)
    missing += _aimed(lab, "crashed-tasks", ":stopped-tasks", "the topic stopped-tasks")
    if missing:
        return NotYet(missing=missing)
    return Done("Silence now means that all is well.")


def _where(lab: "Lab") -> dict[str, str]:
    account = str(lab.client("sts").get_caller_identity()["Account"])
    return {"account": account, "region": str(lab.client("ecs").meta.region_name)}


def _rule(lab: "Lab", name: str) -> dict[str, Any] | None:
    events = lab.client("events")
    try:
        found: dict[str, Any] = events.describe_rule(Name=name)
    except events.exceptions.ResourceNotFoundException:
        return None
    return found


def _targets(lab: "Lab", rule: str) -> list[dict[str, Any]]:
    events = lab.client("events")
    try:
        found: list[dict[str, Any]] = events.list_targets_by_rule(Rule=rule)["Targets"]
    except events.exceptions.ResourceNotFoundException:
        return []
    return found


def _tried(
    lab: "Lab",
    where: dict[str, str],
    rule: dict[str, Any],
    what: str,
    wanted: bool,
    source: str,
    kind: str,
    detail: dict[str, Any],
) -> list[str]:
    """Let AWS compare an event with the rule's pattern."""
    if not rule.get("EventPattern"):
        return [f"an event pattern: the rule {rule['Name']} has none"] if wanted else []
    event = {
        **where,
        **{"id": "1", "source": source, "detail-type": kind, "detail": detail},
        **{"time": "2026-11-25T12:00:00Z", "resources": []},
    }
    answer = lab.client("events").test_event_pattern(EventPattern=rule["EventPattern"], Event=json.dumps(event))
    if answer["Result"] == wanted:
        return []
    return [f"the pattern must {'' if wanted else 'not '}match {what}"]


def _aimed(lab: "Lab", rule: str, ending: str, what: str) -> list[str]:
    found = any(one["Arn"].endswith(ending) for one in _targets(lab, rule))
    return [] if found else [f"{what} as its target"]


def _started(lab: "Lab", by: str) -> bool:
    ecs = lab.client("ecs")
    for status in ("RUNNING", "STOPPED"):
        if ecs.list_tasks(cluster=CLUSTER, startedBy=by, desiredStatus=status)["taskArns"]:
            return True
    return False


REPORTS = """\
reports_pattern = {
    "source": ["aws.s3"],
    "detail-type": ["Object Created"],
    "detail": {
        "bucket": {"name": [BUCKET]},
        "object": {"key": [{"wildcard": "reports/*.csv"}]},
    },
}
events.put_rule(Name="reports", EventPattern=json.dumps(reports_pattern))
events.put_targets(Rule="reports", Targets=[{"Id": "inbox", "Arn": inbox_arn}])
"""

RIGHTS = """\
iam.put_role_policy(
    RoleName="lab-07-weak",
    PolicyName="run-counter",
    PolicyDocument=document(
        allow("ecs:RunTask", f"arn:aws:ecs:{region}:{account}:task-definition/counter:*"),
        allow(
            "iam:PassRole",
            f"arn:aws:iam::{account}:role/lab-07-counter",
            execution_role_arn,
        ),
    ),
)
events.put_targets(
    Rule="rush",
    Targets=[
        {
            "Id": "task",
            **run_task(counter_arn, weak_role_arn),
            "DeadLetterConfig": {"Arn": dead_arn},
        }
    ],
)
tell_rush(3)


def tasks_of_rush():
    return [
        task_arn
        for status in ("RUNNING", "STOPPED")
        for task_arn in ecs.list_tasks(
            cluster=CLUSTER, startedBy="events-rule/rush", desiredStatus=status
        )["taskArns"]
    ]


lab.wait(tasks_of_rush, "the task", seconds=600)
"""

NIGHTLY = """\
scheduler.create_schedule(
    GroupName="lab-07",
    Name="nightly",
    ScheduleExpression="cron(30 2 * * ? *)",
    ScheduleExpressionTimezone="Asia/Ho_Chi_Minh",
    FlexibleTimeWindow={"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15},
    Target={
        **run_task(batch_arn, scheduler_role_arn),
        "DeadLetterConfig": {"Arn": dead_arn},
    },
)
"""

CRASHES = """\
crashes_pattern = {
    "source": ["aws.ecs"],
    "detail-type": ["ECS Task State Change"],
    "detail": {
        "clusterArn": [cluster_arn],
        "lastStatus": ["STOPPED"],
        "containers": {"exitCode": [{"anything-but": 0}]},
    },
}
events.put_rule(Name="crashed-tasks", EventPattern=json.dumps(crashes_pattern))
events.put_targets(
    Rule="crashed-tasks", Targets=[{"Id": "topic", "Arn": topic_arn}]
)
"""

EXERCISES: dict[str, Exercise] = {
    "07a": Exercise(
        id="07a",
        title="Only the reports",
        check=only_reports,
        hints=(
            "The pattern is like that of the rule uploads. Only what it says of the key is different.",
            "Two entries in one list mean: one or the other fits. You need one entry that says both.",
            "The operator wildcard takes a text with a star for any letters.",
        ),
        solution=REPORTS,
    ),
    "07b": Exercise(
        id="07b",
        title="Give the role its rights",
        check=rights_for_the_role,
        hints=(
            "put_targets with the same Id replaces a target. The dead letter has told you which right was missing.",
            "Two statements: ecs:RunTask for one task definition, iam:PassRole for two roles. A star is any revision.",
            "The two roles are those of the task definition: taskRoleArn and executionRoleArn. Then call tell_rush.",
        ),
        solution=RIGHTS,
    ),
    "07c": Exercise(
        id="07c",
        title="Every night in Hanoi",
        check=at_night,
        hints=(
            "create_schedule, with the group's name. Leave the hour as it is in Hanoi and name the time zone.",
            "The expression is a cron of six fields: minute, hour, day of month, month, day of week, year.",
            "Day of month or day of week is a question mark. The window has the mode FLEXIBLE and a number of minutes.",
        ),
        solution=NIGHTLY,
    ),
    "07d": Exercise(
        id="07d",
        title="Only what went wrong",
        check=only_crashes,
        hints=(
            "Begin with the pattern of the rule stopped-tasks. The reason says too little, so look at the containers.",
            "containers is a list in the event. In the pattern you write it like one object with the field exitCode.",
            "The operator anything-but takes what must not be there.",
        ),
        solution=CRASHES,
    ),
}
