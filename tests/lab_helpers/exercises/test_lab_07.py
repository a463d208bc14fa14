"""Each exercise of lab 07: untouched, wrong, right. The tests share one cloud and go in the order of the lab."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from lab_helpers import Lab
from tests.lab_helpers.exercises.clouds import begun, said, wait_done
from tools.notebooks import ROOT, read, tags

NOTEBOOK = ROOT / "labs" / "07-event-driven-tasks.ipynb"
ALSO = ("RUSH = {", "def tell_rush")
"""Cells that are no lasting work, and that exercises build on."""


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with begun(7) as lab:
        yield lab


@pytest.fixture(scope="module")
def names(lab: Lab) -> dict[str, Any]:
    """What a learner has who has run the lab and no exercise."""
    found: dict[str, Any] = {"lab": lab}
    for cell in read(NOTEBOOK).cells:
        if cell.cell_type == "code" and ("build" in tags(cell) or any(one in cell.source for one in ALSO)):
            exec(compile(cell.source.replace("\npath", "\n# path"), str(NOTEBOOK), "exec"), found)
    return found


def solve(lab: Lab, names: dict[str, Any], exercise: str) -> None:
    exec(compile(lab.solution(exercise).code, exercise, "exec"), names)


def rule(lab: Lab, name: str, pattern: dict[str, Any]) -> str:
    """Make the rule, and say what the check thinks of it."""
    lab.client("events").put_rule(Name=name, EventPattern=json.dumps(pattern))
    kind, words = said(lab, {"reports": "07a", "crashed-tasks": "07d"}[name])
    assert kind == "not yet"
    return words


def test_nothing_is_attempted_by_the_lab_itself(lab: Lab, names: dict[str, Any]) -> None:
    assert [said(lab, exercise)[0] for exercise in ("07a", "07b", "07c", "07d")] == ["not attempted"] * 4


def test_07a_a_list_means_or(lab: Lab, names: dict[str, Any]) -> None:
    key = [{"prefix": "reports/"}, {"suffix": ".csv"}]
    words = rule(lab, "reports", {"source": ["aws.s3"], "detail": {"object": {"key": key}}})
    assert "must not match a new object reports/may.txt" in words
    assert "must not match a new object uploads/may.csv" in words
    assert "must not match an object of another bucket" in words
    assert "must not match an object that was deleted" in words
    assert "the queue inbox as its target" in words


def test_07a_right(lab: Lab, names: dict[str, Any]) -> None:
    solve(lab, names, "07a")
    assert said(lab, "07a")[0] == "done"


def test_07b_all_rights_are_too_many(lab: Lab, names: dict[str, Any]) -> None:
    policy = {"RoleName": "lab-07-weak", "PolicyName": "run-counter"}
    lab.client("iam").put_role_policy(
        **policy, PolicyDocument=names["document"](names["allow"](["ecs:RunTask", "iam:PassRole"], "*"))
    )
    words = said(lab, "07b")[1]
    assert "must not be allowed to run another task definition" in words
    assert "must not be allowed to pass on another role" in words
    first = f"arn:aws:ecs:{names['region']}:{names['account']}:task-definition/counter:1"
    lab.client("iam").put_role_policy(**policy, PolicyDocument=names["document"](names["allow"]("ecs:RunTask", first)))
    words = said(lab, "07b")[1]
    assert "must be allowed to run counter in a later revision" in words
    assert "must be allowed to pass on the task role of counter" in words


def test_07b_right(lab: Lab, names: dict[str, Any]) -> None:
    solve(lab, names, "07b")
    wait_done(lab, "07b")


def test_07c_the_hour_in_utc_is_not_asked_for(lab: Lab, names: dict[str, Any]) -> None:
    lab.client("scheduler").create_schedule(
        GroupName="lab-07", Name="nightly", ScheduleExpression="cron(30 19 ? * MON *)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target=names["run_task"](names["counter_arn"], names["scheduler_role_arn"]),
    )  # fmt: skip
    kind, words = said(lab, "07c")
    assert kind == "not yet"
    for part in ("02:30: it fires at 19:30", "every day", "it is UTC", "it is off", "batch on the", "dead-letters"):
        assert part in words
    lab.client("scheduler").delete_schedule(GroupName="lab-07", Name="nightly")


def test_07c_right(lab: Lab, names: dict[str, Any]) -> None:
    solve(lab, names, "07c")
    assert said(lab, "07c")[0] == "done"


def test_07d_the_reason_does_not_tell(lab: Lab, names: dict[str, Any]) -> None:
    words = rule(lab, "crashed-tasks", names["STOPPED"])
    assert "must not match a task that ended well" in words
    assert "the topic stopped-tasks as its target" in words
    words = rule(lab, "crashed-tasks", {"detail": {"containers": {"exitCode": [1]}}})
    assert "must match a task with the exit code 137" in words
    assert "must not match a container that has ended badly, in a task that is on its way down" in words
    assert "must not match a task of another cluster" in words


def test_07d_right(lab: Lab, names: dict[str, Any]) -> None:
    solve(lab, names, "07d")
    assert said(lab, "07d")[0] == "done"


def test_nothing_is_left_afterwards(lab: Lab, names: dict[str, Any]) -> None:
    kinds = {thing.kind for thing in lab.teardown().things}
    assert kinds >= {"rule", "schedule", "schedule group", "queue", "topic", "bucket", "table", "log group", "role"}
    assert [said(lab, exercise)[0] for exercise in ("07a", "07b", "07c", "07d")] == ["not attempted"] * 4
