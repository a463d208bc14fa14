"""The command line: ``python -m lab_cloud up | down | status | env | url | interrupt | hurry | reset``.

The commands on images and containers are in `images_cli` and `containers_cli`.
"""

import argparse
import datetime
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import containers_cli, home, images_cli, shell, system, trail_cli
from .errors import AlreadyRunning, CloudError
from .working import running as running_cloud

UP_SECONDS = 20.0
DOWN_SECONDS = 15.0
POLL_SECONDS = 0.005


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns
    -------
    int
        The exit code: 0 when it did what was asked, 1 with one line of what is wrong and one of what to do.
    """
    options = _parser().parse_args(argv)
    try:
        answer: int = options.run(options)
    except CloudError as error:
        print(error.message, file=sys.stderr)
        if error.remedy:
            print(error.remedy, file=sys.stderr)
        return 1
    return answer


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lab_cloud", description="The embedded cloud of Containers on AWS.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    up = commands.add_parser("up", help="start the cloud, if it is not up already")
    up.add_argument("--port", type=int, help="the loopback port of its API (default: the last one, or a free one)")
    up.add_argument(
        "--speed", type=float, help="how many times shorter AWS's own waiting is (default: LAB_SPEED or 60)"
    )
    up.add_argument(
        "--runtime", help="how containers run: process, sandbox or docker (default: LAB_RUNTIME or process)"
    )
    up.add_argument("--foreground", action="store_true", help="stay here and log to this terminal; Ctrl-C stops it")
    up.add_argument("--json", action="store_true", help="say how to reach it, for programs")
    up.set_defaults(run=_up)
    commands.add_parser("down", help="stop the cloud and all its containers").set_defaults(run=_down)
    status = commands.add_parser("status", help="say whether it is up, and how to reach it")
    status.add_argument("--json", action="store_true", help="for programs")
    status.set_defaults(run=_status)
    env = commands.add_parser("env", help="print what sets the variables of AWS clients")
    env.add_argument("--shell", choices=shell.SHELLS, help="the shell that reads it (default: the one of this system)")
    env.set_defaults(run=_env)
    url = commands.add_parser("url", help="print the URL that works from here")
    url.add_argument(
        "name",
        help="a load balancer's name or DNS name, with :PORT for another listener than 80, or an App Runner service",
    )
    url.set_defaults(run=_url)
    interrupt = commands.add_parser("interrupt", help="take the capacity of a Fargate Spot task away, as AWS may")
    interrupt.add_argument("task", help="the task's id or ARN")
    interrupt.set_defaults(run=_interrupt)
    hurry = commands.add_parser("hurry", help="let what AWS prepares be ready at once, while nobody watches")
    hurry.add_argument("seconds", type=float, help="for so many real seconds from now; 0 ends it")
    hurry.set_defaults(run=_hurry)
    trail_cli.add(commands)
    commands.add_parser("reset", help="delete everything that was created; the cloud stays up").set_defaults(run=_reset)
    images_cli.add(commands)
    containers_cli.add(commands)
    return parser


def _up(options: argparse.Namespace) -> int:
    folder = home.find()
    speed = _speed(options.speed)
    if os.environ.get("LAB_AUTH") == "off":
        print("Warning: LAB_AUTH=off lets any program on this machine use the cloud, without a key.", file=sys.stderr)
    running = home.read(folder)
    if running is not None:
        return _already(running, options)
    home.prepare(folder)
    if options.foreground:
        from .server import serve

        return serve(folder, options.port or 0, speed, _runtime(options), to_terminal=True)
    with home.starting(folder) as first:
        return _start(folder, options, speed) if first else _follow(folder, options)


def _start(folder: Path, options: argparse.Namespace, speed: float) -> int:
    log = folder / "cloud.log"
    argv = [sys.executable, "-m", "lab_cloud.server", "--home", str(folder), "--port", str(options.port or 0)]
    argv += ["--speed", str(speed), "--runtime", _runtime(options)]
    root = str(Path(__file__).resolve().parent.parent)
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    started_at = log.stat().st_size if log.exists() else 0
    child = system.start_daemon(argv, log, {**os.environ, "PYTHONPATH": os.pathsep.join(paths)})
    deadline = time.monotonic() + UP_SECONDS
    while time.monotonic() < deadline:
        running = home.read(folder)
        if running is not None:
            return _told(running, options, "The cloud is up")
        if child.poll() is not None:
            raise CloudError(*_last_words(log, started_at))
        time.sleep(POLL_SECONDS)
    system.kill(child.pid)
    raise CloudError(f"The cloud did not start within {UP_SECONDS:.0f} seconds.", f"Look into {log}.")


def _follow(folder: Path, options: argparse.Namespace) -> int:
    """Another `up` is at work: wait for its cloud."""
    deadline = time.monotonic() + UP_SECONDS
    while time.monotonic() < deadline:
        running = home.read(folder)
        if running is not None:
            return _already(running, options)
        time.sleep(POLL_SECONDS)
    raise CloudError("Another 'up' has begun and its cloud does not answer.", f"Look into {folder / 'cloud.log'}.")


def _speed(asked: float | None) -> float:
    text = asked if asked is not None else os.environ.get("LAB_SPEED", "60")
    try:
        speed = float(text)
    except ValueError:
        speed = 0
    if not 0 < speed <= 100_000:
        raise CloudError(
            f"The speed {text} is not a number above 0.", "Leave it out for 60, or use 1 for AWS's own pace."
        )
    return speed


def _runtime(options: argparse.Namespace) -> str:
    return str(options.runtime or os.environ.get("LAB_RUNTIME", ""))


def _already(running: home.Running, options: argparse.Namespace) -> int:
    other_port = options.port not in (None, 0, running.port)
    other_speed = options.speed not in (None, running.speed)
    other_runtime = options.runtime not in (None, running.runtime)
    if other_port or other_speed or other_runtime or options.foreground:
        raise AlreadyRunning(
            f"The cloud is already up on port {running.port} at speed {running.speed:g} with the runtime "
            f"{running.runtime}.",
            "To change that, stop it first: python -m lab_cloud down",
        )
    if options.json:
        from .control import ask

        ask(running, "status")  # a program goes on with it: better to hear now that it does not answer
    return _told(running, options, "The cloud is already up")


def _told(running: home.Running, options: argparse.Namespace, said: str) -> int:
    if options.json:
        facts = {"running": True, "pid": running.pid, "port": running.port, "speed": running.speed}
        print(json.dumps({**facts, "region": running.region, "runtime": running.runtime}))
    else:
        print(f"{said} at {running.endpoint} (speed {running.speed:g}, runtime {running.runtime}).")
    return 0


def _last_words(log: Path, start: int) -> tuple[str, str]:
    with log.open("rb") as file:
        file.seek(start)
        lines = file.read().decode("utf-8", "replace").strip().splitlines()
    said = [line for line in lines if line.startswith("error: ")]
    if said:
        message, _, remedy = said[-1].removeprefix("error: ").partition(" | ")
        return message, remedy
    if lines and lines[-1].startswith("ModuleNotFoundError"):
        theirs = ".venv\\Scripts\\python" if os.name == "nt" else ".venv/bin/python"
        return (
            f"This Python ({sys.executable}) has not all that the course needs.",
            f"Take the course's, in its folder: {theirs} -m lab_cloud up. If there is none yet: python course.py setup",
        )
    return (lines[-1] if lines else "The cloud ended at once."), f"Look into {log}."


def _down(options: argparse.Namespace) -> int:
    folder = home.find()
    running = home.read(folder)
    if running is None:
        print("The cloud is not up.")
        return 0
    system.terminate(running.pid)
    deadline = time.monotonic() + DOWN_SECONDS
    while system.is_alive(running.pid):
        if time.monotonic() > deadline:
            system.kill(running.pid)
            break
        time.sleep(POLL_SECONDS)
    home.forget(folder, running.pid)
    print("The cloud is down; all its containers have ended.")
    return 0


def _status(options: argparse.Namespace) -> int:
    from .control import ask

    folder = home.find()
    running = home.read(folder)
    if options.json:
        facts: dict[str, Any] = {"running": running is not None, "home": str(folder)}
        if running is not None:
            facts |= {"pid": running.pid, "port": running.port, "speed": running.speed, "region": running.region}
            facts |= {"runtime": running.runtime, **ask(running, "status")}
        print(json.dumps(facts))
        return 0
    if running is None:
        print("The cloud is not up. Start it: python -m lab_cloud up")
        return 3
    facts = ask(running, "status")
    calendar = datetime.datetime.fromisoformat(facts["calendar"])
    print(f"The cloud is up at {running.endpoint} (pid {running.pid}).")
    print(f"Speed:      {running.speed:g} (AWS's own waiting is {running.speed:g} times shorter)")
    print(f"Runtime:    {running.runtime} ({facts['runtime_about']})")
    print(f"Calendar:   {calendar:%Y-%m-%d %H:%M:%S} UTC")
    print(f"Containers: {facts['containers']}")
    print(f"Memory:     {facts['memory_mb']} MB")
    for name, url in facts["urls"].items():
        print(f"URL:        {name} -> {url}")
    return 0


def _env(options: argparse.Namespace) -> int:
    from .elb.authority import ca_file

    running = running_cloud()
    name = options.shell or shell.detect(os.environ)
    wanted = shell.changes(os.environ, running.endpoint, running.access_key, running.secret_key, running.region)
    wanted["LAB_CA_FILE"] = str(ca_file(home.find()))
    wanted["KUBECONFIG"] = str(home.find() / home.KUBECONFIG)  # never the learner's own
    print("\n".join(shell.lines(wanted, name)))
    if sys.stdout.isatty():
        print(f"To set them here: {shell.HOW[name]}", file=sys.stderr)
    return 0


def _url(options: argparse.Namespace) -> int:
    from .control import ask
    from .elb.authority import ca_file

    answer = ask(running_cloud(), "url", name=options.name)
    print(answer["url"])
    if answer["url"].startswith("https:"):
        ca = ca_file(home.find())
        print(f"Its certificate is signed by this machine's own authority: curl --cacert '{ca}'", file=sys.stderr)
    if answer.get("warning"):
        print(answer["warning"], file=sys.stderr)
    return 0


def _interrupt(options: argparse.Namespace) -> int:
    from .control import ask

    answer = ask(running_cloud(), "interrupt", task=options.task)
    print(
        f"Simulated Spot interruption of {answer['task']}: its containers got SIGTERM. "
        f"AWS's two minutes of warning are {answer['seconds']:g} s here."
    )
    return 0


def _hurry(options: argparse.Namespace) -> int:
    from .control import ask

    print(f"{ask(running_cloud(), 'hurry', seconds=options.seconds)['skipped']:g} AWS seconds were skipped until now.")
    return 0


def _reset(options: argparse.Namespace) -> int:
    from .control import ask

    answer = ask(running_cloud(), "reset")
    print(f"Everything was deleted; {answer['containers']} containers were ended. The cloud is still up.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
