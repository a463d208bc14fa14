"""What the commands on images and containers share: work that the cloud does while its lines are shown."""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from typing import Any

from . import home
from .control import ask
from .errors import CloudError, NotRunning

_FIRST_POLL, _SLOWEST_POLL = 0.002, 0.1
LOOK = "look"
"""The command by which lines and results of work are fetched."""


def for_programs(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Add ``--json`` to a command."""
    parser.add_argument("--json", action="store_true", help="for programs: one JSON object a line")
    return parser


def running() -> home.Running:
    """The cloud that is up.

    Raises
    ------
    NotRunning
        There is none.
    """
    found = home.read(home.find())
    if found is None:
        raise NotRunning("The cloud is not up.", "Start it: python -m lab_cloud up")
    return found


def work(kind: str, command: str, tell_line: Callable[[str], None], /, **arguments: Any) -> dict[str, Any]:
    """Let the cloud do something, and tell its lines as they come.

    Parameters
    ----------
    kind : str
        What the command's name begins with, for example ``images/``.
    command : str
        The command.
    tell_line : callable
        Given each line.
    **arguments
        What the command needs.

    Returns
    -------
    dict
        Its result.

    Raises
    ------
    CloudError
        No cloud is up, or it refuses.
    """
    cloud = running()
    job = ask(cloud, kind + command, **arguments)["job"]
    try:
        return _followed(cloud, kind, job, tell_line)
    except KeyboardInterrupt:
        raise CloudError(
            f"You no longer follow it, but the cloud goes on with this {command}.",
            f"python -m lab_cloud {'images' if kind == 'images/' else 'ps -a'} shows what comes of it; "
            "python -m lab_cloud down ends it.",
        ) from None


def _followed(cloud: home.Running, kind: str, job: int, tell_line: Callable[[str], None]) -> dict[str, Any]:
    """The result of a job, once it is there."""
    seen, pause = 0, _FIRST_POLL
    while True:
        found = ask(cloud, kind + LOOK, job=job, seen=seen)
        for line in found["lines"]:
            tell_line(line)
        seen += len(found["lines"])
        if found.get("error"):
            raise CloudError(found["error"]["message"], found["error"]["remedy"])
        if found.get("result") is not None:
            result: dict[str, Any] = found["result"]
            return result
        pause = _FIRST_POLL if found["lines"] else min(pause * 1.5, _SLOWEST_POLL)
        time.sleep(pause)


def say(options: argparse.Namespace) -> Callable[[str], None]:
    """How lines are told: as they are, or for programs."""
    if options.json:
        return lambda line: print(json.dumps({"line": line}), flush=True)
    return lambda line: print(line, flush=True)


def tell(options: argparse.Namespace, result: dict[str, Any], *lines: str) -> int:
    """Say what came of it: the result for programs, else lines."""
    for line in [json.dumps({"result": result})] if options.json else lines:
        print(line)
    return 0


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """Print columns."""
    widths = [max(len(row[place]) for row in [head, *rows]) for place in range(len(head))]
    for row in [head, *rows]:
        print("  ".join(f"{text:{width}}" for text, width in zip(row, widths, strict=True)).rstrip())
