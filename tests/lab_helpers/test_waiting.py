import contextlib
import io
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from lab_helpers import waiting
from lab_helpers.errors import NotFound, NotReached
from tests.waiting import until

SERVICES = {"cluster": "demo", "services": ["web"]}


@pytest.fixture
def ecs(home: object) -> Iterator[tuple[Any, Stubber]]:
    """A client whose answers the test lays down in order."""
    client = boto3.client("ecs", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(client) as stubber:
        yield client, stubber


def service(running: int, deployments: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "services": [
            {
                "serviceArn": "arn:aws:ecs:us-east-1:1:service/demo/web",
                "status": "ACTIVE",
                "desiredCount": 1,
                "runningCount": running,
                "deployments": [{"status": "PRIMARY"}] * deployments,
                **more,
            }
        ]
    }


def test_a_waiter_that_is_not_there_names_those_that_are(ecs: tuple[Any, Stubber]) -> None:
    with pytest.raises(NotFound, match="There is no waiter 'services_stabel'"):
        waiting.wait(ecs[0], "services_stabel", SERVICES, 0.0, 60)


def test_it_looks_until_the_condition_is_reached(ecs: tuple[Any, Stubber]) -> None:
    client, stubber = ecs
    for answer in (service(0), service(0, 2), service(1)):
        stubber.add_response("describe_services", answer, SERVICES)
    waiting.wait(client, "services_stable", SERVICES, delay=0.001, speed=60)
    stubber.assert_no_pending_responses()


def test_what_cannot_be_reached_any_more_is_told_with_the_latest_events(ecs: tuple[Any, Stubber]) -> None:
    client, stubber = ecs
    stubber.add_response("describe_services", service(0, status="INACTIVE"))
    stubber.add_response("describe_services", service(0, events=[{"message": "(service web) has stopped."}]))
    with pytest.raises(NotReached) as caught:
        waiting.wait(client, "services_stable", SERVICES, delay=0.001, speed=60)
    assert caught.value.message == "services_stable (web): It cannot be reached any more."
    assert caught.value.remedy == "The latest events: (service web) has stopped."


def test_the_time_is_awss_divided_by_the_speed(ecs: tuple[Any, Stubber], monkeypatch: pytest.MonkeyPatch) -> None:
    client, stubber = ecs
    monkeypatch.setattr(waiting, "LEAST", 0.0)
    for _ in range(2):
        stubber.add_response("describe_services", service(0))
    stubber.add_response("describe_services", service(0))
    with pytest.raises(NotReached, match="within 0 s"):
        waiting.wait(client, "services_stable", SERVICES, delay=0.1, speed=600 / 0.05)


def test_an_error_of_aws_ends_it_with_its_words(ecs: tuple[Any, Stubber]) -> None:
    client, stubber = ecs
    stubber.add_client_error("describe_services", "ClusterNotFoundException", "Cluster not found.")
    with pytest.raises(NotReached, match="ClusterNotFoundException: Cluster not found"):
        waiting.wait(client, "services_stable", SERVICES, delay=0.001, speed=60)


def test_a_task_that_stopped_says_why(ecs: tuple[Any, Stubber]) -> None:
    client, stubber = ecs
    arn = "arn:aws:ecs:us-east-1:1:task/demo/abc"
    task = {"lastStatus": "STOPPED", "stoppedReason": "Task failed to start", "containers": [{"reason": "No image"}]}
    for _ in range(2):
        stubber.add_response("describe_tasks", {"tasks": [task]})
    with pytest.raises(NotReached) as caught:
        waiting.wait(client, "tasks_running", {"cluster": "demo", "tasks": [arn]}, delay=0.001, speed=60)
    assert caught.value.message.startswith("tasks_running (abc)")
    assert caught.value.remedy == "A task is STOPPED: Task failed to start; No image"


def test_a_condition_of_ones_own() -> None:
    answers = iter([[], [], [1]])
    waiting.wait_until(lambda: next(answers), "the page", delay=0.001, limit=5)
    with pytest.raises(NotReached, match="for the page"):
        waiting.wait_until(lambda: False, "the page", delay=0.001, limit=0.01)


def test_a_line_appears_after_a_while_and_goes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LAB_PROGRESS", raising=False)
    line = waiting.Line("services_stable")
    line.show(1.0)
    line.clear()
    assert capsys.readouterr().out == ""
    line.show(3.1)
    line.show(3.2)
    line.clear()
    text = "waiting for services_stable … 3 s"
    assert capsys.readouterr().out == f"\r{text}\r{' ' * len(text)}\r"


def test_what_says_nothing_by_itself_has_a_line_on_the_page_where_it_began(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LAB_PROGRESS", raising=False)
    monkeypatch.setattr(waiting, "QUIET", 0.0)
    monkeypatch.setattr(waiting, "TICK", 0.001)
    with waiting.ticking("the cloud"), contextlib.redirect_stdout(io.StringIO()):  # as replayed cells write
        until(lambda: "waiting for the cloud … 0 s" in capsys.readouterr().out)
    assert capsys.readouterr().out.endswith("\r")


def test_stored_outputs_are_kept_free_of_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAB_PROGRESS", "off")
    line = waiting.Line("services_stable")
    line.show(9.0)
    line.clear()
    assert capsys.readouterr().out == ""
