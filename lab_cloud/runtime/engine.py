"""The container engine (Docker, or Podman by its Docker-compatible socket) and this cloud's containers in it."""

import contextlib
import os
import platform
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lab_cloud.errors import RuntimeUnavailable
from lab_cloud.runtime import link_local
from lab_cloud.system import is_alive

HOME, RUN, PID, MACHINE = (f"containers-on-aws.{name}" for name in ("home", "run", "pid", "machine"))
"""Labels of every container: the cloud's folder and run, its process, and the machine that it runs on."""

REMEDY = (
    "Start Docker (or Podman with its socket), or set DOCKER_HOST to where it listens. "
    "Or leave LAB_RUNTIME out to run containers as plain processes."
)
TIMEOUT = 120.0


def connect() -> Any:
    """A client of the engine that answers.

    Returns
    -------
    docker.APIClient
        By ``DOCKER_HOST`` when it is set, else by the first of the usual sockets.

    Raises
    ------
    RuntimeUnavailable
        None answers.
    """
    try:
        import docker
        import docker.errors
    except ImportError as error:
        raise RuntimeUnavailable(
            f"The docker runtime needs the Python package 'docker': {error}.", "Install the course again: make setup"
        ) from error
    failure = "no engine's socket was found"
    for address in _addresses():
        try:
            _knock(address)
            settings = docker.utils.kwargs_from_env() if os.environ.get("DOCKER_HOST") else {"base_url": address}
            client = docker.APIClient(**settings, version="auto", timeout=TIMEOUT)
        except (docker.errors.DockerException, OSError) as error:
            failure = str(error).partition("\n")[0]
            continue
        return client
    raise RuntimeUnavailable(f"No container engine answers: {failure}.", REMEDY)


def _knock(address: str) -> None:
    """See whether anybody listens on a Unix socket: the client would say it less plainly (OSError)."""
    if address.startswith("unix://"):
        path = address.removeprefix("unix://")
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            try:
                probe.connect(path)
            except OSError as error:
                raise OSError(f"{path}: {error.strerror or error}") from error


def _addresses() -> Iterator[str]:
    """Where an engine may listen."""
    chosen = os.environ.get("DOCKER_HOST")
    if chosen:
        yield chosen
        return
    if sys.platform == "win32":
        yield "npipe:////./pipe/docker_engine"
        return
    private = os.environ.get("XDG_RUNTIME_DIR", "")
    for path in (
        Path("/var/run/docker.sock"),
        Path.home() / ".docker/run/docker.sock",
        Path(private, "docker.sock"),
        Path(private, "podman/podman.sock"),
        Path("/run/podman/podman.sock"),
    ):
        if path.is_absolute() and path.exists():
            yield f"unix://{path}"


def labels(home: Path, run: str) -> dict[str, str]:
    """What tells whose a container is."""
    return {HOME: str(home.absolute()), RUN: run, PID: str(os.getpid()), MACHINE: platform.node()}


def remove_leftovers(api: Any, home: Path, run: str) -> int:
    """Remove containers of earlier clouds in this folder, and of dead clouds of this machine; returns how many."""
    found = 0
    for each in api.containers(all=True, filters={"label": HOME}):
        marks = each["Labels"]
        dead = marks.get(MACHINE) == platform.node() and not is_alive(int(marks.get(PID, "0")))
        if marks.get(RUN) != run and (marks[HOME] == str(home.absolute()) or dead):
            remove(api, each["Id"])
            found += 1
    return found


def remove_run(run: str) -> None:
    """Remove all containers of one cloud; the guardian of a killed one calls this."""
    api = connect()
    with contextlib.closing(api):
        for each in api.containers(all=True, filters={"label": f"{RUN}={run}"}):
            remove(api, each["Id"])
        link_local.leave(api, HOME)


def remove(api: Any, container: str) -> None:
    """Remove a container with its anonymous volumes, dead or alive; nothing happens when it is gone."""
    import docker.errors

    with contextlib.suppress(docker.errors.APIError):
        api.remove_container(container, force=True, v=True)


def close_stream(stream: Any) -> None:
    """Close a stream of the engine's client, which by itself leaves its connection open."""
    with contextlib.suppress(Exception):
        stream.close()
    with contextlib.suppress(Exception):
        stream._response.close()


def said(error: Exception) -> str:
    """What the engine said, without the address of the call."""
    return str(getattr(error, "explanation", None) or error).strip().partition("\n")[0]
