"""``python -m lab_cloud trail``: the paths of the newest events, from what happened to what it started."""

import argparse
import datetime
import json
from typing import Any

from .working import running as running_cloud

SHOWN = ("rule", "target", "tasks", "task", "status", "object", "queue", "code", "message", "why")


def add(commands: Any) -> None:
    """Add the command."""
    trail = commands.add_parser("trail", help="the paths of events: rule matched, target called, task started")
    trail.add_argument("--match", default="", help="only paths that mention this: a rule, a target, a task")
    trail.add_argument("--limit", type=int, default=20, help="the newest so many")
    trail.add_argument("--since", type=int, default=0, help="only paths with steps after this number")
    trail.add_argument("--json", action="store_true", help="as JSON")
    trail.set_defaults(run=_trail)


def _trail(options: argparse.Namespace) -> int:
    from .control import ask

    found = ask(running_cloud(), "trail", since=options.since, limit=options.limit, match=options.match)
    if options.json:
        print(json.dumps(found))
        return 0
    for path in found["paths"]:
        print(f"{path['what']}  ({path['id']})")
        for step in path["steps"]:
            moment = datetime.datetime.fromtimestamp(step["at"]).astimezone()
            print(f"  {moment:%H:%M:%S}.{moment.microsecond // 1000:03d}  {_line(step)}")
    if not found["paths"]:
        print("No event has come yet that a rule waits for.")
    return 0


def _line(step: dict[str, Any]) -> str:
    about = [f"{name} {_short(step[name])}" for name in SHOWN if step.get(name)]
    return "  ".join([step["step"], *about])


def _short(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_short, value))
    return str(value).rpartition(":")[2] if str(value).startswith("arn:") else str(value)
