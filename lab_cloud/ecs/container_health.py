"""Container health checks: a command inside the container says how it is. Pure.

Follows HealthCheck of the Amazon ECS API Reference. The interval is AWS's own waiting and divided by the speed; the
timeout and the start period race with the learner's program, so they are real seconds.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import AwsError

LEAST_INTERVAL = 0.25
RANGES = {"interval": (5, 300), "timeout": (2, 60), "retries": (1, 10), "startPeriod": (0, 300)}


@dataclass(frozen=True)
class Check:
    """A health check as it runs here.

    Parameters
    ----------
    argv : tuple of str
        The command.
    interval, timeout, start_period : float
        Real seconds.
    retries : int
        Failures in a row that make it unhealthy.
    """

    argv: tuple[str, ...]
    interval: float
    timeout: float
    start_period: float
    retries: int


@dataclass(frozen=True)
class Record:
    """What the checks have said so far."""

    status: str = "UNKNOWN"
    failures: int = 0
    due: float = 0.0


def step(record: Record, passed: bool, check: Check, now: float, started: float) -> Record:
    """The record after one more answer. Pure.

    Parameters
    ----------
    record : Record
        What was known.
    passed : bool
        Whether the command ended with 0 in time.
    check : Check
        The check.
    now, started : float
        Epoch seconds; now, and when the container started.
    """
    due = now + check.interval
    if passed:
        return Record("HEALTHY", 0, due)
    if record.status != "HEALTHY" and now - started < check.start_period:
        return Record(record.status, 0, due)  # it is still starting: a failure does not count
    failures = record.failures + 1
    return Record("UNHEALTHY" if failures >= check.retries else record.status, failures, due)


def check_of(definition: Mapping[str, Any], speed: float) -> Check | None:
    """The health check of a container definition; None when it has none."""
    found = definition.get("healthCheck")
    if not found or found["command"][:1] == ["NONE"]:
        return None
    command = found["command"]
    argv = (
        ("/bin/sh", "-c", " ".join(command[1:])) if command[0] == "CMD-SHELL" else tuple(command[command[0] == "CMD" :])
    )
    return Check(
        argv=argv,
        interval=max(found.get("interval", 30) / speed, LEAST_INTERVAL),
        timeout=float(found.get("timeout", 5)),
        start_period=float(found.get("startPeriod", 0)),
        retries=int(found.get("retries", 3)),
    )


def check_definition(container: Mapping[str, Any]) -> None:
    """Refuse a health check that ECS refuses.

    Raises
    ------
    AwsError
        ``ClientException``.
    """
    found = container.get("healthCheck")
    if not found:
        return
    name = container["name"]
    if not found["command"] or (len(found["command"]) == 1 and found["command"][0] in ("CMD", "CMD-SHELL")):
        raise AwsError("ClientException", f"The health check of container '{name}' has no command.")
    for key, (low, high) in RANGES.items():
        if key in found and not low <= found[key] <= high:
            raise AwsError(
                "ClientException",
                f"Invalid health check {key} {found[key]} of container '{name}': it goes from {low} to {high}.",
            )


def task_health(statuses: Iterable[str]) -> str:
    """A task's health from its containers': bad when one is, unknown while one is."""
    seen = list(statuses)
    if "UNHEALTHY" in seen:
        return "UNHEALTHY"
    return "HEALTHY" if seen and all(status == "HEALTHY" for status in seen) else "UNKNOWN"
