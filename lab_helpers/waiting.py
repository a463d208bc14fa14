"""Waiters with delays that suit the backend, a sign of life, and an end that says what was missing.

The rules of a waiter (which answer means reached, which means never) are botocore's own; only the pace is ours.
"""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from .errors import NotFound, NotReached

LEAST = 60.0  # real seconds a waiter has at least: real work is in it, which no speed shortens
QUIET = 2.0  # seconds before a line is shown
TICK = 0.5  # seconds between two looks at the clock


def wait(client: Any, name: str, params: Mapping[str, Any], delay: float | None, speed: float) -> None:
    """Wait until a waiter's condition is reached.

    Parameters
    ----------
    client
        A boto3 client.
    name : str
        A waiter of it, for example ``services_stable``.
    params : mapping
        The parameters of the waiter's call.
    delay : float or None
        Seconds between two looks; None keeps AWS's own.
    speed : float
        The waiter's whole time is AWS's divided by this, but at least a minute.

    Raises
    ------
    NotReached
        When the time is over, or an answer says that the condition cannot be reached any more.
    NotFound
        When the client has no such waiter; with those that it has.
    """
    if name not in client.waiter_names:
        raise NotFound(f"There is no waiter {name!r}.", f"Here there are {', '.join(client.waiter_names)}.")
    config = client.get_waiter(name).config
    operation = _snake(config.operation)
    limit = max(LEAST, config.delay * config.max_attempts / speed)

    def look() -> bool:
        answer = _ask(client, operation, params)
        for acceptor in config.acceptors:
            if acceptor.matcher_func(answer):
                if acceptor.state == "success":
                    return True
                if acceptor.state == "failure":
                    raise _failed(client, name, params, "It cannot be reached any more.")
                return False
        if "Error" in answer:
            raise _failed(client, name, params, f"AWS answered {answer['Error']['Code']}: {answer['Error']['Message']}")
        return False

    if not _poll(look, name, delay or config.delay, limit):
        raise _failed(client, name, params, f"It was not reached within {limit:.0f} s.")


def wait_until(condition: Callable[[], object], what: str, delay: float | None, limit: float) -> None:
    """Wait until a condition of the learner's own is true.

    Parameters
    ----------
    condition : callable
        Answers something true when it is reached.
    what : str
        What is waited for, for the message.
    delay : float or None
        Seconds between two looks; None is 5 s.
    limit : float
        Real seconds.

    Raises
    ------
    NotReached
        When the time is over.
    """
    if not _poll(lambda: bool(condition()), what, delay or 5.0, limit):
        raise NotReached(f"Waited {limit:.0f} s for {what}, and it did not come.")


def _poll(look: Callable[[], bool], what: str, delay: float, limit: float) -> bool:
    line = Line(what)
    began = time.monotonic()
    try:
        while not look():
            passed = time.monotonic() - began
            if passed > limit:
                return False
            line.show(passed)
            time.sleep(min(delay, max(limit - passed, 0.01)))
        return True
    finally:
        line.clear()


class Line:
    """One line that shows that something is being waited for, and goes when it is over.

    ``LAB_PROGRESS=off`` keeps it from stored outputs.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._shown = ""
        self._page = sys.stdout  # replayed cells write elsewhere meanwhile
        self.on = os.environ.get("LAB_PROGRESS") != "off"

    def show(self, seconds: float) -> None:
        """Show the whole seconds that have passed, once each."""
        text = f"waiting for {self._what} … {seconds:.0f} s"
        if self.on and seconds >= QUIET and text != self._shown:
            self._shown = text
            print(f"\r{text}", end="", flush=True, file=self._page)

    def clear(self) -> None:
        """Take the line away."""
        if self._shown:
            print("\r" + " " * len(self._shown) + "\r", end="", flush=True, file=self._page)


@contextmanager
def ticking(what: str) -> Iterator[None]:
    """Show the line meanwhile, for what does not tell by itself that it goes on.

    Parameters
    ----------
    what : str
        What is waited for.
    """
    line = Line(what)
    if not line.on:
        yield
        return
    over, began = threading.Event(), time.monotonic()

    def tick() -> None:
        while not over.wait(TICK):
            line.show(time.monotonic() - began)

    thread = threading.Thread(target=tick, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        line.clear()


def _ask(client: Any, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
    from botocore.exceptions import ClientError

    try:
        return dict(getattr(client, operation)(**params))
    except ClientError as error:  # an acceptor may look for it
        return dict(error.response)


def _failed(client: Any, name: str, params: Mapping[str, Any], why: str) -> NotReached:
    things = ", ".join(_names(params))
    try:
        latest = _explain(client, params)
    except Exception:  # the explanation is a kindness; the failure itself must be told in any case
        latest = ""
    return NotReached(f"{name} ({things}): {why}" if things else f"{name}: {why}", latest)


def _explain(client: Any, params: Mapping[str, Any]) -> str:
    """What the service says of the things that were waited for."""
    service = client.meta.service_model.service_name
    if service == "ecs" and "services" in params:
        found = client.describe_services(cluster=params.get("cluster", "default"), services=params["services"])
        lines = [event["message"] for one in found["services"] for event in one.get("events", [])[:3]]
        lines += [f"{one['arn']}: {one.get('reason', '')}" for one in found.get("failures", [])]
        return "The latest events: " + " | ".join(lines) if lines else ""
    if service == "ecs" and "tasks" in params:
        found = client.describe_tasks(cluster=params.get("cluster", "default"), tasks=params["tasks"])
        lines = [_task(one) for one in found["tasks"]]
        lines += [f"{one['arn']}: {one.get('reason', '')}" for one in found.get("failures", [])]
        return " | ".join(lines)
    if service == "elbv2" and "TargetGroupArn" in params:
        found = client.describe_target_health(TargetGroupArn=params["TargetGroupArn"])
        states = [one["TargetHealth"] for one in found["TargetHealthDescriptions"]]
        return " | ".join(f"{one['State']}: {one.get('Description', '')}" for one in states) or "It has no targets."
    return ""


def _task(task: Mapping[str, Any]) -> str:
    reasons = [task.get("stoppedReason", "")] + [one.get("reason", "") for one in task.get("containers", [])]
    told = "; ".join(dict.fromkeys(reason for reason in reasons if reason))
    return f"A task is {task['lastStatus']}" + (f": {told}" if told else "")


def _names(params: Mapping[str, Any]) -> list[str]:
    """The short names of what was waited for."""
    found: list[str] = []
    for key, value in params.items():
        if key == "cluster":
            continue
        several = value if isinstance(value, (list, tuple)) else [value]
        found += [one.rsplit("/", 1)[-1] if one.startswith("arn:") else one for one in several if isinstance(one, str)]
    return found


def _snake(name: str) -> str:
    from botocore import xform_name

    return str(xform_name(name))
