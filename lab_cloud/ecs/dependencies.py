"""In which order the containers of a task start: ``dependsOn``. Pure.

Follows ContainerDependency of the Amazon ECS API Reference: START (the other has started), COMPLETE (it has ended),
SUCCESS (it has ended with 0), HEALTHY (its health check passes).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import AwsError

ONCE = ("COMPLETE", "SUCCESS")


@dataclass(frozen=True)
class ContainerView:
    """One container, as far as its order goes.

    Parameters
    ----------
    name : str
        Its name.
    state : str
        ``waiting``, ``starting``, ``running`` or ``ended``.
    exit_code : int or None
        When it has ended.
    health : str
        ``HEALTHY``, ``UNHEALTHY`` or ``UNKNOWN``.
    depends : tuple of (str, str)
        (container, condition) pairs that must hold before it starts.
    start_timeout : float
        Real seconds that it waits for them at most.
    """

    name: str
    state: str = "waiting"
    exit_code: int | None = None
    health: str = "UNKNOWN"
    depends: tuple[tuple[str, str], ...] = ()
    start_timeout: float = 180.0


def startable(containers: Iterable[ContainerView]) -> list[str]:
    """The names of the containers that may start now."""
    known = {each.name: each for each in containers}
    return [
        each.name
        for each in known.values()
        if each.state == "waiting" and all(_holds(known[name], condition) for name, condition in each.depends)
    ]


def dead_end(containers: Iterable[ContainerView], waited: float) -> str:
    """Why a waiting container can never start; empty while it still can.

    Parameters
    ----------
    containers : iterable of ContainerView
        All containers of the task.
    waited : float
        Real seconds since the images were pulled.
    """
    known = {each.name: each for each in containers}
    for each in known.values():
        if each.state != "waiting":
            continue
        for name, condition in each.depends:
            other = known[name]
            if _holds(other, condition):
                continue
            if other.state == "ended" and condition in ("SUCCESS", "HEALTHY", "START"):
                code = f" with exit code {other.exit_code}" if other.exit_code is not None else ""
                return f"container {each.name} waits for {name} to be {condition}, but it has ended{code}"
            if condition == "HEALTHY" and other.health == "UNHEALTHY":
                return f"container {each.name} waits for {name} to be HEALTHY, but it is UNHEALTHY"
            if waited > each.start_timeout:
                return f"container {each.name} waited {each.start_timeout:g} s for {name} to be {condition}"
    return ""


def check_dependencies(containers: list[dict[str, object]]) -> None:
    """Refuse dependencies that can never hold.

    Raises
    ------
    AwsError
        ``ClientException``.
    """
    known = {str(each["name"]): each for each in containers}
    graph: dict[str, list[str]] = {}
    for name, each in known.items():
        depends = each.get("dependsOn") or []
        assert isinstance(depends, list)
        for item in depends:
            other, condition = item["containerName"], item["condition"]
            if other not in known or other == name:
                raise AwsError(
                    "ClientException",
                    f"Container '{name}' depends on '{other}', which is not another container of the task.",
                )
            if condition == "HEALTHY" and not known[other].get("healthCheck"):
                raise AwsError(
                    "ClientException",
                    f"Container '{name}' waits for '{other}' to be HEALTHY, but '{other}' has no healthCheck.",
                )
            if condition in ONCE and known[other].get("essential", True):
                raise AwsError(
                    "ClientException",
                    f"Container '{name}' waits for '{other}' to end ({condition}), so '{other}' must not be essential.",
                )
            graph.setdefault(name, []).append(other)
    _check_circles(graph)


def _check_circles(graph: dict[str, list[str]]) -> None:
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            raise AwsError(
                "ClientException", f"The containers depend on each other in a circle: {' -> '.join((*path, name))}."
            )
        if name in done:
            return
        for other in graph.get(name, ()):
            visit(other, (*path, name))
        done.add(name)

    for name in graph:
        visit(name, ())


def _holds(other: ContainerView, condition: str) -> bool:
    if condition == "START":
        return other.state in ("running", "ended")
    if condition == "COMPLETE":
        return other.state == "ended"
    if condition == "SUCCESS":
        return other.state == "ended" and other.exit_code == 0
    return other.state == "running" and other.health == "HEALTHY"
