from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.ecs.container_health import Check, Record, check_definition, check_of, step, task_health
from lab_cloud.errors import AwsError

CHECK = Check(("true",), interval=1, timeout=5, start_period=10, retries=3)


def run(answers: list[bool], start: float = 100) -> Record:
    record = Record()
    for number, passed in enumerate(answers):
        record = step(record, passed, CHECK, start + number, 0)
    return record


def test_one_success_is_enough() -> None:
    assert run([False, True]).status == "HEALTHY"


def test_it_takes_three_failures_in_a_row() -> None:
    assert run([True, False, False]).status == "HEALTHY"
    assert run([True, False, False, False]).status == "UNHEALTHY"
    assert run([True, False, False, True, False]).status == "HEALTHY"


def test_failures_do_not_count_while_it_starts() -> None:
    assert run([False] * 5, start=1).status == "UNKNOWN"
    assert run([False] * 5, start=1).failures == 0


@given(st.lists(st.booleans(), max_size=30))
def test_unhealthy_means_that_the_last_answers_failed(answers: list[bool]) -> None:
    if run(answers).status == "UNHEALTHY":
        assert answers[-3:] == [False] * 3


def test_only_the_interval_is_divided() -> None:
    definition = {"healthCheck": {"command": ["CMD-SHELL", "exit 0"], "interval": 60, "timeout": 7, "startPeriod": 9}}
    assert check_of(definition, 60) == Check(("/bin/sh", "-c", "exit 0"), 1, 7, 9, 3)
    fast = check_of(definition, 10_000)
    assert fast is not None
    assert fast.interval == 0.25


def test_commands() -> None:
    assert check_of({}, 60) is None
    assert check_of({"healthCheck": {"command": ["NONE"]}}, 60) is None
    found = check_of({"healthCheck": {"command": ["CMD", "python", "-c", "pass"]}}, 60)
    assert found is not None
    assert found.argv == ("python", "-c", "pass")


@pytest.mark.parametrize(
    ("check", "message"),
    [
        ({"command": []}, "no command"),
        ({"command": ["CMD"]}, "no command"),
        ({"command": ["CMD", "a"], "interval": 1}, "from 5 to 300"),
        ({"command": ["CMD", "a"], "timeout": 61}, "from 2 to 60"),
        ({"command": ["CMD", "a"], "retries": 0}, "from 1 to 10"),
    ],
)
def test_what_is_refused(check: dict[str, Any], message: str) -> None:
    with pytest.raises(AwsError, match=message):
        check_definition({"name": "a", "healthCheck": check})


@pytest.mark.parametrize(
    ("statuses", "health"),
    [
        ([], "UNKNOWN"),
        (["HEALTHY"], "HEALTHY"),
        (["HEALTHY", "UNKNOWN"], "UNKNOWN"),
        (["HEALTHY", "UNHEALTHY", "UNKNOWN"], "UNHEALTHY"),
    ],
)
def test_a_tasks_health(statuses: list[str], health: str) -> None:
    assert task_health(statuses) == health
