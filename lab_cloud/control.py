"""The cloud's own small language between its command line and its server: status, url, interrupt, reset.

Each message is a POST to ``/_lab/<name>`` that carries the secret key of `cloud.json` in a header; who can read that
file may ask.
"""

import hmac
import http.client
import json
from collections.abc import Callable
from typing import Any

from .errors import CloudError, NotRunning
from .home import Running
from .wire.call import Response
from .wire.sigv4 import Request

PREFIX = "/_lab/"
HEADER = "x-lab-key"
IMAGES = "images/"
"""What the names of the commands on images begin with."""
CONTAINERS = "containers/"
"""What the names of the commands on containers begin with."""
TIMEOUT_SECONDS = 20.0

Command = Callable[..., dict[str, Any]]


def ask(running: Running, name: str, /, **arguments: Any) -> dict[str, Any]:
    """Ask the running cloud.

    Parameters
    ----------
    running : Running
        How to reach it.
    name : str
        ``status``, ``url``, ``interrupt``, ``reset``, or ``images/`` or ``containers/`` with a command of
        `images_control` or `containers_control`.
    **arguments
        What the command needs; JSON can hold it.

    Raises
    ------
    NotRunning
        When it does not answer.
    CloudError
        When it refuses.
    """
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("POST", PREFIX + name, json.dumps(arguments), {HEADER: running.secret_key})
        response = connection.getresponse()
        body = response.read()
    except OSError as error:
        raise NotRunning(
            f"The cloud (pid {running.pid}) does not answer on port {running.port}: {error}.",
            "Stop and start it: python -m lab_cloud down, then python -m lab_cloud up",
        ) from error
    finally:
        connection.close()
    try:
        answer: dict[str, Any] = json.loads(body)
    except ValueError:
        raise CloudError(body.decode("utf-8", "replace").strip() or "The cloud gave no answer.") from None
    if response.status != 200:
        raise CloudError(answer["message"], answer["remedy"])
    return answer


class Control:
    """The server's end.

    Parameters
    ----------
    secret_key : str
        What a caller must show.
    commands : dict
        Name -> function; its keyword arguments come from the message.
    """

    def __init__(self, secret_key: str, commands: dict[str, Command]) -> None:
        self._secret_key = secret_key
        self._commands = commands

    def __call__(self, request: Request) -> Response | None:
        """Answer one message; None for a name that nobody knows."""
        if not hmac.compare_digest(request.headers.get(HEADER, "").encode(), self._secret_key.encode()):
            return _json(
                403, {"message": "The key of this cloud is missing or wrong.", "remedy": "Read it from cloud.json."}
            )
        command = self._commands.get(request.path.removeprefix(PREFIX))
        if command is None or request.method != "POST":
            return None
        try:
            return _json(200, command(**json.loads(request.body or b"{}")))
        except CloudError as error:
            return _json(400, {"message": error.message, "remedy": error.remedy})


def _json(status: int, body: dict[str, Any]) -> Response:
    return Response(status, {"content-type": "application/json"}, json.dumps(body).encode())
