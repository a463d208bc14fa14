"""``kubectl exec``: a command in a container, over a WebSocket.

Each message begins with the number of its channel: 1 is the command's output, 3 how it ended. What is run here is not
interactive: its output comes when it has ended, and it reads nothing.

References
----------
https://kubernetes.io/docs/reference/using-api/api-concepts/ ; the subprotocols ``v4.channel.k8s.io`` and ``v5``
"""

import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qs, unquote

from . import status
from .authorization import Attributes, refuse
from .requests import Request, absent
from .resources import core

if TYPE_CHECKING:
    from .api import ApiServer

STDOUT, ERROR = b"\x01", b"\x03"
PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
PIECE = 32 * 1024
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class Ended(Protocol):
    """How a command ended."""

    @property
    def code(self) -> int:
        """Its exit code."""

    @property
    def output(self) -> str:
        """All that it wrote."""


class Commands(Protocol):
    """Where commands run: the node agents."""

    async def run(self, pod: Mapping[str, Any], container: str, argv: Sequence[str]) -> Ended:
        """Run a command; raises ApiError when it cannot be run."""


@dataclass(frozen=True)
class Asked:
    """What is to be run, and where.

    Parameters
    ----------
    pod : mapping
        The pod.
    container : str
        The name of one of its containers.
    argv : tuple of str
        The command.
    """

    pod: Mapping[str, Any]
    container: str
    argv: tuple[str, ...]


def asked(api: "ApiServer", request: Request) -> Asked:
    """What a request asks to run.

    Raises
    ------
    ApiError
        401, 403, 404, or 400.
    """
    user = api.user_of(request)
    steps = [unquote(step) for step in request.path.strip("/").split("/")]
    if len(steps) != 7 or steps[:3] != ["api", "v1", "namespaces"] or (steps[4], steps[6]) != ("pods", "exec"):
        raise absent(steps[-1])
    namespace, name = steps[3], steps[5]
    attributes = Attributes(user, "create", "", "pods", "exec", namespace, name)
    if not api.may(attributes):
        raise refuse(attributes)
    pod = api.store.get(core("pods"), namespace, name)
    if pod is None:
        raise status.not_found("", "pods", name)
    options = parse_qs(request.query, keep_blank_values=True)
    if any(options.get(each, ["false"])[0] == "true" for each in ("stdin", "tty")):
        raise absent("exec")
    argv = tuple(options.get("command", ()))
    if not argv:
        raise status.bad_request("you must specify at least one command for the container")
    names = [each["name"] for each in (*pod["spec"]["containers"], *(pod["spec"].get("initContainers") or ()))]
    container = options.get("container", [""])[0] or names[0]
    if container not in names:
        raise status.bad_request(f"container {container} is not valid for pod {name}")
    return Asked(pod, container, argv)


async def serve(api: "ApiServer", request: Request, offered: Sequence[str], receive: Receive, send: Send) -> None:
    """Answer one WebSocket."""
    await receive()  # that it connects
    try:
        found = asked(api, request)
        protocol = next((each for each in PROTOCOLS if each in offered), None)
        if protocol is None or api.commands is None:
            raise status.bad_request(f"one of the subprotocols {', '.join(PROTOCOLS)} is needed")
    except status.ApiError as error:
        await _deny(send, error)
        return
    await send({"type": "websocket.accept", "subprotocol": protocol})
    try:
        done = await api.commands.run(found.pod, found.container, found.argv)
    except status.ApiError as error:
        await send({"type": "websocket.send", "bytes": ERROR + json.dumps(error.status()).encode()})
    else:
        data = done.output.encode()
        for start in range(0, len(data), PIECE):
            await send({"type": "websocket.send", "bytes": STDOUT + data[start : start + PIECE]})
        await send({"type": "websocket.send", "bytes": ERROR + json.dumps(_ended(done.code)).encode()})
    await send({"type": "websocket.close", "code": 1000})


def _ended(code: int) -> dict[str, Any]:
    if not code:
        return status.success()
    cause = {"reason": "ExitCode", "message": str(code)}
    message = f"command terminated with non-zero exit code: exit status {code}"
    return status.ApiError(500, "NonZeroExitCode", message, {"causes": [cause]}).status()


async def _deny(send: Send, error: status.ApiError) -> None:
    headers = [(b"content-type", b"application/json")]
    await send({"type": "websocket.http.response.start", "status": error.code, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": json.dumps(error.status()).encode()})
