"""Containers that tests start, and what they told."""

import threading
from typing import Any

from lab_cloud.runtime.spec import ContainerSpec, Exit, Handle, Runtime

WAIT = "import time; print('ready', flush=True); time.sleep(600)"


class Seen:
    """What a container told."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.times: list[float] = []
        self.exits: list[Exit] = []
        self.threads: set[str] = set()

    def output(self, when: float, line: str) -> None:
        self.times.append(when)
        self.lines.append(line)

    def exit(self, end: Exit) -> None:
        self.threads.add(threading.current_thread().name)
        self.exits.append(end)


def run(runtime: Runtime, code: str, **fields: Any) -> tuple[Any, Seen]:
    """Start a container; without another command it is a line of Python."""
    seen = Seen()
    fields.setdefault("image", "python:3.12-alpine")
    fields.setdefault("command", ("python", "-S", "-c", code))
    spec = ContainerSpec(name="app", on_output=seen.output, on_exit=seen.exit, **fields)
    return runtime.start(spec), seen


def ended(handle: Handle, seconds: float = 30) -> Exit:
    """How it ended."""
    end = handle.wait(seconds)
    assert end is not None
    return end
