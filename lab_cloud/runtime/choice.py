"""Which runtime: `LAB_RUNTIME`, checked before the cloud says that it is up."""

import os
from pathlib import Path

from lab_cloud.errors import RuntimeUnavailable
from lab_cloud.runtime.spec import Runtime

NAMES = ("process", "sandbox", "docker")
DEFAULT = "process"

ABOUT = {
    "process": "containers are processes of this machine, not isolated from it",
    "sandbox": "containers have process numbers, files and a host name of their own; they share this machine's network",
    "docker": "containers are run by the container engine",
}
"""What each promises, in words for the learner."""


def choose(name: str, home: Path, port: int) -> Runtime:
    """Make a runtime ready.

    Parameters
    ----------
    name : str
        One of `NAMES`; empty for the default.
    home : Path
        ``.lab``.
    port : int
        The cloud's own port on loopback, to which containers need a way back.

    Raises
    ------
    RuntimeUnavailable
        There is no runtime of this name, or it does not work on this machine; says what to do.
    """
    name = name or DEFAULT
    if name == "process":
        from lab_cloud.runtime.process import ProcessRuntime

        return ProcessRuntime(home)
    if name == "sandbox":
        from lab_cloud.runtime.sandbox import SandboxRuntime

        return SandboxRuntime(home)
    if name == "docker":
        from lab_cloud.runtime.docker import DockerRuntime

        online = os.environ.get("LAB_DOCKER_PULL", "on") != "off"
        return DockerRuntime(home, port=port, online=online)
    raise RuntimeUnavailable(f"There is no runtime {name!r}.", f"Set LAB_RUNTIME to one of: {', '.join(NAMES)}.")
