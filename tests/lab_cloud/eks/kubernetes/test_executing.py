"""Who may run what in a container, and what is refused."""

import asyncio
import json
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any

import pytest

from lab_cloud.eks.kubernetes.executing import asked, serve
from lab_cloud.eks.kubernetes.requests import Request
from lab_cloud.eks.kubernetes.status import ApiError
from lab_cloud.runtime.spec import ExecResult
from tests.lab_cloud.eks.kubernetes.server import PODS, Server, pod


class Shell:
    async def run(self, pod: Mapping[str, Any], container: str, argv: Sequence[str]) -> ExecResult:
        return ExecResult(int(argv[-1]), f"{container}: {' '.join(argv)}")


def request(query: str, token: str = "master", path: str = f"{PODS}/one/exec") -> Request:
    return Request("GET", path, query, {"authorization": f"Bearer {token}"})


def messages(server: Server, query: str, *offered: str) -> list[MutableMapping[str, Any]]:
    told: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        told.append(message)

    asyncio.run(serve(server.api, request(query), offered, receive, send))
    return told


def place() -> Server:
    server = Server()
    server.made(PODS, pod())
    server.api.commands = Shell()
    return server


def test_output_and_end_come_on_their_channels() -> None:
    server = place()
    accept, output, end, close = messages(server, "command=exit&command=3", "v4.channel.k8s.io", "v5.channel.k8s.io")
    assert accept["subprotocol"] == "v5.channel.k8s.io"
    assert output["bytes"] == b"\x01web: exit 3"
    assert end["bytes"][:1] == b"\x03"
    found = json.loads(end["bytes"][1:])
    assert (found["reason"], found["details"]["causes"][0]["message"]) == ("NonZeroExitCode", "3")
    assert close["type"] == "websocket.close"
    done = messages(server, "command=0", "v4.channel.k8s.io")[2]
    assert json.loads(done["bytes"][1:])["status"] == "Success"


def test_a_client_that_speaks_another_protocol_is_told() -> None:
    start, body = messages(place(), "command=0", "channel.k8s.io")
    assert start["status"] == 400
    assert "subprotocols" in json.loads(body["body"])["message"]


@pytest.mark.parametrize(
    ("query", "token", "path", "code"),
    [
        ("command=ls", "stranger", f"{PODS}/one/exec", 401),
        ("command=ls", "nobody", f"{PODS}/one/exec", 403),
        ("command=ls", "master", f"{PODS}/two/exec", 404),
        ("command=ls", "master", f"{PODS}/one/nothing", 404),
        ("command=ls", "master", f"{PODS}/one/attach", 501),
        ("command=sh&stdin=true&tty=true", "master", f"{PODS}/one/exec", 501),
        ("", "master", f"{PODS}/one/exec", 400),
        ("command=ls&container=none", "master", f"{PODS}/one/exec", 400),
    ],
)
def test_what_cannot_be_run_is_refused(query: str, token: str, path: str, code: int) -> None:
    with pytest.raises(ApiError) as error:
        asked(place().api, request(query, token, path))
    assert error.value.code == code
