"""The commands on containers: ``python -m lab_cloud run | ps | logs | stats | exec | stop | kill | rm | volume``."""

import argparse
import datetime
import json
import sys
import time
from pathlib import Path
from typing import Any

from .control import CONTAINERS, ask
from .errors import CloudError
from .images_cli import size_text
from .working import for_programs, running, say, table, tell, work

_POLL = 0.05
_MORE_THAN_ONE = "what is said of one is said of all: its name, or the beginning of its id"


def add(commands: Any) -> None:
    """Add the commands to the parser of `lab_cloud.__main__`.

    Parameters
    ----------
    commands : argparse sub-parsers
        Where they are added.
    """
    run = commands.add_parser("run", help="start a container by itself, as docker run does")
    run.add_argument("-d", "--detach", action="store_true", help="do not wait for its end")
    run.add_argument("--name", help="its name (default: one that the cloud chooses)")
    run.add_argument(
        "-p", "--publish", action="append", default=[], metavar="8080:80", help="a port of this machine for one of its"
    )
    run.add_argument(
        "-v", "--volume", action="append", default=[], metavar="FOLDER:/PATH[:ro]", help="a folder or a named volume"
    )
    run.add_argument("-e", "--env", action="append", default=[], metavar="NAME=VALUE", help="a variable for it")
    run.add_argument("-l", "--label", action="append", default=[], metavar="NAME=VALUE", help="a note about it")
    run.add_argument("-m", "--memory", help="a limit that ends it when it takes more, for example 64m")
    run.add_argument("--cpus", help="how many processors it may use, for example 0.5")
    run.add_argument("-w", "--workdir", help="the folder in which it starts")
    run.add_argument("-u", "--user", help="who runs it (docker runtime only)")
    run.add_argument("--hostname", help="its host name")
    run.add_argument("--entrypoint", help="the program, in place of the image's")
    run.add_argument("--stop-timeout", help="seconds between the stop signal and SIGKILL (default: 10)")
    run.add_argument("--rm", action="store_true", help="remove it when it has ended")
    run.add_argument("image", help="its image")
    run.add_argument("command", nargs=argparse.REMAINDER, help="the command, in place of the image's")
    for_programs(run).set_defaults(run=_run)
    ps = commands.add_parser("ps", help="list the containers that were started by themselves")
    ps.add_argument("-a", "--all", action="store_true", help="those that have ended too")
    for_programs(ps).set_defaults(run=_ps)
    logs = commands.add_parser("logs", help="show what a container has written")
    logs.add_argument("container", help="its name, or the beginning of its id")
    logs.add_argument("-n", "--tail", type=int, help="only that many lines")
    logs.add_argument("-t", "--timestamps", action="store_true", help="with the time of each line")
    logs.add_argument("-f", "--follow", action="store_true", help="go on until it ends, or Ctrl-C")
    logs.add_argument("--seconds", type=float, help="follow for so long at most")
    for_programs(logs).set_defaults(run=_logs)
    stats = commands.add_parser("stats", help="show what containers use, measured over half a second")
    stats.add_argument("container", nargs="*", help="which (default: all that run)")
    for_programs(stats).set_defaults(run=_stats)
    into = commands.add_parser("exec", help="run a command in a container")
    into.add_argument("--timeout", type=float, default=60.0, help="seconds after which it is ended (default: 60)")
    into.add_argument("container", help="its name, or the beginning of its id")
    into.add_argument("command", nargs=argparse.REMAINDER, help="the command")
    for_programs(into).set_defaults(run=_exec)
    for name, does in (("stop", "ask containers to end, and wait"), ("kill", "end containers at once")):
        each = commands.add_parser(name, help=does)
        each.add_argument("container", nargs="+", help=_MORE_THAN_ONE)
        for_programs(each).set_defaults(run=_end, does=name)
    remove = commands.add_parser("rm", help="remove containers that have ended")
    remove.add_argument("-f", "--force", action="store_true", help="kill them first if they run")
    remove.add_argument("container", nargs="+", help=_MORE_THAN_ONE)
    for_programs(remove).set_defaults(run=_end, does="rm")
    volume = commands.add_parser("volume", help="list the named volumes, or delete one")
    volume.add_argument("does", choices=("ls", "rm"), help="what to do")
    volume.add_argument("name", nargs="?", help="which")
    for_programs(volume).set_defaults(run=_volume)


def _run(options: argparse.Namespace) -> int:
    names = ("name", "command", "entrypoint", "env", "label", "publish", "volume", "memory", "cpus", "workdir", "user")
    wanted = {name: getattr(options, name) for name in (*names, "hostname", "stop_timeout")}
    wanted["rm"] = options.rm and options.detach  # else its last lines would go with it
    progress = say(options) if options.json else _beside
    found = work(CONTAINERS, "run", progress, image=options.image, here=str(Path.cwd()), **wanted)
    if options.detach:
        return tell(options, found, found["id"])
    try:
        ended = _follow(found["id"], options, timestamps=False)
    except KeyboardInterrupt:
        work(CONTAINERS, "stop", say(options), container=found["id"])
        ended = _follow(found["id"], options, timestamps=False, print_lines=False)
    facts = ask(running(), f"{CONTAINERS}ps", container=found["id"])["containers"][0]
    if options.rm:
        work(CONTAINERS, "rm", say(options), container=found["id"])
    if facts["oom_killed"] and not options.json:
        print(facts["reason"], file=sys.stderr)
    tell(options, facts)
    return 0 if options.json else int(ended["exit_code"])


def _beside(line: str) -> None:
    """Progress does not belong to the container's own output."""
    print(line, file=sys.stderr, flush=True)


def _follow(
    container: str,
    options: argparse.Namespace,
    *,
    timestamps: bool,
    seconds: float | None = None,
    seen: int = 0,
    print_lines: bool = True,
) -> dict[str, Any]:
    """Show its lines until it ends, or the time is over."""
    cloud, end = running(), None if seconds is None else time.monotonic() + seconds
    while True:
        found = ask(cloud, f"{CONTAINERS}logs", container=container, seen=seen)
        if print_lines:
            _show(found["lines"], options, timestamps)
        seen = found["seen"]
        if found["ended"] or (end is not None and time.monotonic() > end):
            return found
        time.sleep(_POLL)


def _show(lines: list[tuple[float, str]], options: argparse.Namespace, timestamps: bool) -> None:
    for when, line in lines:
        if options.json:
            print(json.dumps({"line": line, "at": when}), flush=True)
        else:
            print(f"{_moment(when)} {line}" if timestamps else line, flush=True)


def _moment(when: float) -> str:
    return datetime.datetime.fromtimestamp(when, datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _ps(options: argparse.Namespace) -> int:
    found = ask(running(), f"{CONTAINERS}ps")["containers"]
    shown = [each for each in found if options.all or each["status"] == "running"]
    if options.json:
        return tell(options, {"containers": shown})
    if not shown:
        more = f" {len(found)} have ended: ps -a shows them." if found else " Start one: python -m lab_cloud run IMAGE"
        print(f"No container runs.{more}", file=sys.stderr)
        return 0
    rows = []
    for each in shown:
        command = " ".join(each["command"])[:30]
        rows.append((each["id"][:12], each["image"], command, status_text(each), ports_text(each), each["name"]))
    table(("CONTAINER ID", "IMAGE", "COMMAND", "STATUS", "PORTS", "NAMES"), rows)
    return 0


def status_text(container: dict[str, Any]) -> str:
    """A container's state in a few words, as ``docker ps`` shows it."""
    if container["status"] == "exited":
        return f"Exited ({container['exit_code']})" + (" OOMKilled" if container["oom_killed"] else "")
    if container["status"] == "created":
        return "Created"
    return f"Up {max(time.time() - container['started'], 0):.0f} seconds"


def ports_text(container: dict[str, Any]) -> str:
    """Its published ports."""
    return ", ".join(f"127.0.0.1:{there}->{port}/tcp" for port, there in container["ports"].items())


def _logs(options: argparse.Namespace) -> int:
    found = ask(running(), f"{CONTAINERS}logs", container=options.container)
    lines = found["lines"]
    _show(lines if options.tail is None else lines[max(len(lines) - options.tail, 0) :], options, options.timestamps)
    if options.follow and not found["ended"]:
        try:
            _follow(
                options.container, options, timestamps=options.timestamps, seconds=options.seconds, seen=found["seen"]
            )
        except KeyboardInterrupt:
            return 130
    return tell(options, {"seen": found["seen"], "ended": found["ended"]})


def _stats(options: argparse.Namespace) -> int:
    found = work(CONTAINERS, "stats", say(options), containers=options.container)
    rows = [
        (
            each["name"],
            f"{each['cpu_percent']:.2f} %",
            size_text(each["memory"]) + (f" / {size_text(each['memory_limit'])}" if each["memory_limit"] else ""),
            "-" if each["memory_percent"] is None else f"{each['memory_percent']:.2f} %",
        )
        for each in found["stats"]
    ]
    if options.json:
        return tell(options, found)
    table(("NAME", "CPU %", "MEM USAGE / LIMIT", "MEM %"), rows)
    return 0


def _exec(options: argparse.Namespace) -> int:
    if not options.command:
        raise CloudError("exec needs a command.", "For example: python -m lab_cloud exec NAME python --version")
    found = work(
        CONTAINERS,
        "exec",
        say(options),
        container=options.container,
        argv=options.command,
        timeout=options.timeout,
    )
    if options.json:
        return tell(options, found)
    print(found["output"], end="")
    if found["timed_out"]:
        print(f"It was ended after {options.timeout:g} s.", file=sys.stderr)
    return int(found["exit_code"])


def _end(options: argparse.Namespace) -> int:
    more = {"force": options.force} if options.does == "rm" else {}
    for name in options.container:
        tell(options, work(CONTAINERS, options.does, say(options), container=name, **more), name)
    return 0


def _volume(options: argparse.Namespace) -> int:
    if options.does == "rm":
        if not options.name:
            raise CloudError("volume rm needs a name.", "python -m lab_cloud volume ls lists them.")
        return tell(options, ask(running(), f"{CONTAINERS}volume-rm", name=options.name), options.name)
    found = ask(running(), f"{CONTAINERS}volumes")
    lines = [f"{name}  {', '.join(users) or '-'}" for name, users in found["volumes"].items()]
    return tell(options, found, *(lines or ["No volumes. Make one: python -m lab_cloud run -v NAME:/PATH IMAGE"]))
