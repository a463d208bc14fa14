"""ECS Exec through boto3 and a real WebSocket."""

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
import websocket
from botocore.exceptions import ClientError

from lab_cloud.ecs.exec_messages import CLOSED, decode
from tests.lab_cloud.iam.callers import allow, policy
from tests.stage import Place, RunningCloud, task_role

SSM = allow([f"ssmmessages:{action}Channel" for action in ("CreateControl", "CreateData", "OpenControl", "OpenData")])
FOREVER = "import time\ntime.sleep(600)"


@pytest.fixture(scope="module")
def role(cloud: RunningCloud) -> str:
    return task_role(cloud, cloud.name("exec"), SSM)


@pytest.fixture(scope="module")
def task(cloud: RunningCloud, place: Place, role: str) -> Iterator[str]:
    arn = place.run(place.program(FOREVER), enableExecuteCommand=True, overrides={"taskRoleArn": role})["taskArn"]
    place.until_task(arn, "RUNNING")
    yield arn
    place.ecs.stop_task(cluster=place.name, task=arn)


def execute(place: Place, task: str, command: str, **more: Any) -> dict[str, Any]:
    asked = {"cluster": place.name, "task": task, "command": command, "interactive": True, **more}
    found: dict[str, Any] = place.ecs.execute_command(**asked)
    return found


@contextlib.contextmanager
def opened(session: dict[str, str], token: str = "") -> Iterator[Any]:
    with connected(session["streamUrl"], suppress_origin=True) as socket:
        socket.send(json.dumps({"MessageSchemaVersion": "1.0", "TokenValue": token or session["tokenValue"]}))
        yield socket


@contextlib.contextmanager
def connected(url: str, **options: Any) -> Iterator[Any]:
    socket = websocket.WebSocket()
    try:
        socket.settimeout(20)
        socket.connect(url, **options)
        yield socket
    finally:
        socket.shutdown()


def run(place: Place, task: str, command: str) -> tuple[str, str]:
    """What a command writes, and what is said at the end."""
    output = b""
    with opened(execute(place, task, command)["session"]) as socket:
        while (message := decode(socket.recv())).kind != CLOSED:
            output += message.payload
    return output.decode(), json.loads(message.payload)["Output"]


def test_a_command_runs_in_the_containers_own_context(place: Place, task: str) -> None:
    code = "import os; print(os.environ['ECS_CONTAINER_METADATA_URI_V4'].rpartition('/')[2], os.getcwd() != '/')"
    output, note = run(place, task, f'python -c "{code}"')
    assert output.split()[0] == "web"
    assert note == ""
    long = run(place, task, "python -c \"print('x' * 5000)\"")[0]
    assert long.strip() == "x" * 5000
    assert run(place, task, 'python -c "raise SystemExit(3)"') == ("", "The command exited with code 3.")
    assert run(place, task, "no-such-program")[1].startswith("Unable to start command: ")


def test_the_answer_and_the_agent(place: Place, task: str) -> None:
    answer = execute(place, task, "ls", container="web")
    assert answer["taskArn"] == task
    assert (answer["containerName"], answer["interactive"]) == ("web", True)
    assert answer["session"]["sessionId"].startswith("ecs-execute-command-")
    shown = place.task(task)["containers"][0]
    assert answer["containerArn"] == shown["containerArn"]
    assert [(each["name"], each["lastStatus"]) for each in shown["managedAgents"]] == [
        ("ExecuteCommandAgent", "RUNNING")
    ]


def test_a_session_is_opened_once_by_its_token(place: Place, task: str) -> None:
    session = execute(place, task, "ls")["session"]
    url = session["streamUrl"]
    with opened(session, "guess") as socket:
        assert socket.recv() in ("", b"")
    with pytest.raises(websocket.WebSocketBadStatusException), connected(url, origin="http://elsewhere.example"):
        pass
    with opened(session) as socket:
        assert decode(socket.recv())
    with opened(session) as socket:
        assert socket.recv() in ("", b"")  # not a second time
    nowhere = url.replace("data-channel", "other")
    with pytest.raises(websocket.WebSocketBadStatusException), connected(nowhere, suppress_origin=True):
        pass


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"task": "0" * 32}, "InvalidParameterException", "The referenced task was not found."),
        ({"interactive": False}, "InvalidParameterException", "Interactive is the only mode supported currently."),
        ({"container": "none"}, "InvalidParameterException", "none"),
        ({"command": ""}, "InvalidParameterException", "empty"),
        ({"command": "echo 'x"}, "InvalidParameterException", "quot"),
        ({"cluster": "none"}, "ClusterNotFoundException", "Cluster not found."),
    ],
)
def test_what_is_asked_wrongly(place: Place, task: str, change: dict[str, Any], code: str, words: str) -> None:
    asked = {"cluster": place.name, "task": task, "command": "ls", "interactive": True, **change}
    with pytest.raises(ClientError, match=words) as caught:
        place.ecs.execute_command(**asked)
    assert caught.value.response["Error"]["Code"] == code


def test_exec_is_off_or_not_permitted(cloud: RunningCloud, place: Place, task: str, role: str) -> None:
    with pytest.raises(ClientError, match="a valid taskRoleArn is not being used"):
        place.run(place.program(FOREVER), enableExecuteCommand=True)
    plain = place.run(place.program(FOREVER), overrides={"taskRoleArn": role})["taskArn"]
    place.until_task(plain, "RUNNING")
    with pytest.raises(ClientError, match="execute command was not enabled when the task was run"):
        execute(place, plain, "ls")
    place.ecs.stop_task(cluster=place.name, task=plain)
    name, iam = role.rpartition("/")[2], cloud.client("iam")
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=policy(allow("ssmmessages:Create*")))
    with pytest.raises(ClientError) as caught:
        execute(place, task, "ls")
    assert caught.value.response["Error"]["Code"] == "TargetNotConnectedException"
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=policy(SSM))
    assert execute(place, task, "ls")["session"]
