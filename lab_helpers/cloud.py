"""The embedded cloud as a program: what `python -m lab_cloud` can be asked.

The helpers never import the cloud. They use its command line and its AWS APIs, as any other client does.
"""

import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from . import home
from .errors import CloudUnavailable, NotFound

PATIENCE = 60.0  # real seconds after which a command of the cloud counts as stuck
HURRY = 60.0  # real seconds after which the cloud goes at its own pace again, should nobody be left to say so


def status() -> dict[str, Any]:
    """What the cloud says about itself.

    Returns
    -------
    dict
        ``running`` and, when it is, ``pid``, ``port``, ``speed``, ``runtime`` and ``calendar``.
    """
    return _facts(_run("status", "--json"))


def start(speed: float | None = None) -> tuple[str, float, str]:
    """Make sure that a cloud is up.

    Parameters
    ----------
    speed : float, optional
        How many times shorter AWS's own waiting is to be; a cloud with another speed is started anew.

    Returns
    -------
    identity : str
        Tells this cloud from the one before, of which nothing is left.
    speed : float
        The speed that it has.
    runtime : str
        How it runs containers: ``process``, ``sandbox`` or ``docker``.

    Raises
    ------
    CloudUnavailable
        When it cannot be started.
    """
    if speed is not None and not (isinstance(speed, int | float) and speed > 0):  # said before the cloud is stopped
        raise CloudUnavailable(
            f"The speed {speed!r} is not a number above 0.", "Leave it out for 60, or use 1 for AWS's own pace."
        )
    wanted = [] if speed is None else ["--speed", f"{speed:g}"]
    answer = _run("up", "--json", *wanted)
    found = _facts(answer)
    if not found["running"]:
        found = status()  # another notebook may have been quicker
        if found["running"] and speed not in (None, found["speed"]):
            _run("down")
            answer = _run("up", "--json", *wanted, "--runtime", found["runtime"])
            found = _facts(answer)
    if not found["running"]:
        raise CloudUnavailable(*_two_lines(answer, "The embedded cloud could not be started."))
    return str(found["pid"]), float(found["speed"]), str(found["runtime"])


@contextmanager
def hurried(skipped: list[float]) -> Iterator[None]:
    """Let what AWS prepares (machines, clusters, network interfaces) be ready at once, while nobody watches.

    Parameters
    ----------
    skipped : list of float
        Gets the seconds that the steps skipped take on AWS.
    """
    _run("hurry", f"{HURRY:g}")
    try:
        yield
    finally:
        said = _run("hurry", "0").stdout.split()
        skipped += [float(word) for word in said[:1]]


def environment() -> dict[str, str]:
    """How AWS clients reach the cloud: ``AWS_ENDPOINT_URL``, the key pair and the region.

    Raises
    ------
    CloudUnavailable
        When no cloud is up.
    """
    answer = _run("env", "--shell", "posix")
    found = {}
    for line in answer.stdout.splitlines():
        words = shlex.split(line)
        if words[:1] == ["export"]:
            name, _, value = words[1].partition("=")
            found[name] = value
    if answer.returncode or "AWS_ENDPOINT_URL" not in found:
        raise CloudUnavailable("The embedded cloud is not running.", "Run lab.start() first.")
    return found


def url(name: str) -> str:
    """The address at which a load balancer answers on this machine.

    Parameters
    ----------
    name : str
        A load balancer's name or DNS name, with ``:port`` for a listener other than the first.

    Raises
    ------
    NotFound
        When the cloud has none of that name.
    """
    answer = _run("url", name)
    if answer.returncode:
        raise NotFound(*_two_lines(answer, f"Nothing answers to the name {name}."))
    return answer.stdout.strip()


def interrupt(task: str) -> str:
    """Take the capacity of a Fargate Spot task away.

    Parameters
    ----------
    task : str
        Its id or ARN.

    Returns
    -------
    str
        What was done, for the learner.

    Raises
    ------
    NotFound
        When there is no such task, or it does not run on Fargate Spot.
    """
    answer = _run("interrupt", task)
    if answer.returncode:
        raise NotFound(*_two_lines(answer, f"The task {task} cannot be interrupted."))
    return answer.stdout.strip()


def trail(match: str = "", since: int = 0) -> dict[str, Any]:
    """What has become of events.

    Parameters
    ----------
    match : str
        Only paths that mention this: a rule, a schedule, a target or a task.
    since : int
        Only paths with steps after this number; the ``last`` of an earlier answer.

    Returns
    -------
    dict
        ``paths`` and ``last``, as ``python -m lab_cloud trail --json`` tells them.

    Raises
    ------
    CloudUnavailable
        When no cloud is up.
    """
    answer = _run("trail", "--json", "--match", match, "--since", str(since))
    if answer.returncode:
        raise CloudUnavailable(*_two_lines(answer, "The embedded cloud is not running."))
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


class Refused(Exception):  # noqa: N818
    """A command of the cloud has said no, in two lines."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


def answers(*arguments: str) -> Iterator[dict[str, Any]]:
    """What a command with ``--json`` tells, line by line while it works.

    Raises
    ------
    CloudUnavailable
        When no cloud is up.
    Refused
        When the command fails.
    """
    with tempfile.TemporaryFile() as said, subprocess.Popen(
        [sys.executable, "-m", "lab_cloud", *arguments],
        env=_surroundings(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        for line in process.stdout:
            yield json.loads(line)
        code = process.wait()
        said.seek(0)
        error = said.read().decode("utf-8", "replace")
    if code:
        if "not up" in error.partition("\n")[0]:
            raise CloudUnavailable("The embedded cloud is not running.", "Run lab.start() first.")
        answer = subprocess.CompletedProcess(arguments, code, "", error)
        raise Refused(*_two_lines(answer, f"`python -m lab_cloud {arguments[0]}` has failed."))


def _facts(answer: "subprocess.CompletedProcess[str]") -> dict[str, Any]:
    """What a command with ``--json`` has said of the cloud; not running when it is no JSON."""
    try:
        found = json.loads(answer.stdout)
    except ValueError:
        found = None
    return {"running": False, **found} if isinstance(found, dict) else {"running": False}


def _surroundings() -> dict[str, str]:
    """The environment of the cloud's command line."""
    # The learner's own AWS settings are for the learner's account, not for the cloud on this machine.
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    paths = [str(Path(__file__).resolve().parent.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    surroundings |= {"LAB_HOME": str(home.home()), "PYTHONPATH": os.pathsep.join(paths), "PYTHONIOENCODING": "utf-8"}
    return surroundings


def _run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    # The time limit also guards against a cloud that has inherited the pipe and keeps it open.
    try:
        return subprocess.run(
            [sys.executable, "-m", "lab_cloud", *arguments],
            env=_surroundings(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise CloudUnavailable(
            f"`python -m lab_cloud {arguments[0]}` did not end within {PATIENCE:g} s.",
            "Stop the cloud with `python -m lab_cloud down` in a terminal, then run lab.start().",
        ) from error


def _two_lines(answer: "subprocess.CompletedProcess[str]", otherwise: str) -> tuple[str, str]:
    """What the program said: its first two lines are what is wrong and what to do."""
    lines = [line.strip() for line in (answer.stderr or answer.stdout).splitlines() if line.strip()]
    if lines and lines[0] == "The cloud is not up.":  # its own remedy is for a terminal
        return "The embedded cloud is not running.", "Run lab.start() first."
    if not lines:
        return otherwise, "Look at it with `python -m lab_cloud status` in a terminal."
    if lines[0].startswith("Traceback"):
        return otherwise, lines[-1]
    return lines[0], (lines[1] if len(lines) > 1 else "")
