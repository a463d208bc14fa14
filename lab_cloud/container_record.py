"""What the cloud keeps of a container: how it was asked for, its output, its end."""

import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from .container_wish import Wish
from .runtime.spec import Exit, Handle, Image

MOST_LINES = 10_000
"""Lines of output that are kept of one container; the oldest go first."""
LONGEST_LINE = 16_384


class Output:
    """The last lines that a container has written."""

    def __init__(self) -> None:
        self._lines: deque[tuple[float, str]] = deque(maxlen=MOST_LINES)
        self._count = 0
        self._lock = threading.Lock()

    def add(self, when: float, line: str) -> None:
        """One more line."""
        with self._lock:
            self._lines.append((when, line[:LONGEST_LINE]))
            self._count += 1

    def after(self, seen: int) -> tuple[list[tuple[float, str]], int]:
        """The lines that are kept after the first `seen`, and how many there have been in all."""
        with self._lock:
            first = self._count - len(self._lines)
            return list(self._lines)[max(seen - first, 0) :], self._count


@dataclass(eq=False)
class Record:
    """One container, from its creation until it is removed.

    Parameters
    ----------
    name : str
        Its name.
    wish : Wish
        As it was asked for.
    created : float
        Epoch seconds.

    Attributes
    ----------
    image : Image or None
        What it was started from; None before.
    handle : Handle or None
        The runtime's own; None before its start.
    exit : Exit or None
        How it ended.
    started, finished : float or None
        Epoch seconds.
    seconds_to_start : float or None
        How long the runtime took to start it, without the pull.
    """

    name: str
    wish: Wish
    created: float = field(default_factory=time.time)
    output: Output = field(default_factory=Output)
    image: Image | None = None
    handle: Handle | None = None
    exit: Exit | None = None
    started: float | None = None
    finished: float | None = None
    seconds_to_start: float | None = None

    @property
    def id(self) -> str:
        """64 hexadecimal digits; empty before its start."""
        return self.handle.id if self.handle is not None else ""

    @property
    def status(self) -> str:
        """``created``, ``running`` or ``exited``, as ``docker inspect`` says."""
        if self.exit is not None:
            return "exited"
        return "running" if self.started is not None else "created"

    @property
    def published(self) -> dict[int, int]:
        """Container port -> loopback port, of those that were asked for and as long as it runs."""
        if self.handle is None or self.exit is not None:
            return {}
        return {port: there for port, there in self.handle.ports.items() if port in self.wish.ports}

    def json(self) -> dict[str, Any]:
        """What programs are told about it."""
        wish = self.wish
        return {
            "id": self.id,
            "name": self.name,
            "image": wish.image,
            "image_digest": self.image.digest if self.image else "",
            "command": list(self._command()),
            "status": self.status,
            "created": self.created,
            "started": self.started,
            "finished": self.finished,
            "seconds_to_start": self.seconds_to_start,
            "exit_code": self.exit.code if self.exit else None,
            "oom_killed": bool(self.exit and self.exit.out_of_memory),
            "reason": (self.exit.reason if self.exit else None) or "",
            "ports": {str(port): there for port, there in self.published.items()},
            "mounts": [
                {"source": str(each.source), "target": each.target, "read_only": each.read_only} for each in wish.mounts
            ],
            "environment": dict(wish.environment),
            "labels": dict(wish.labels),
            "memory": wish.memory,
            "cpus": wish.cpus,
        }

    def _command(self) -> tuple[str, ...]:
        config = self.image.config if self.image else {}
        entry = self.wish.entry_point or tuple(config.get("Entrypoint") or ())
        command = self.wish.command
        if command is None:
            command = () if self.wish.entry_point else tuple(config.get("Cmd") or ())
        return (*entry, *command)
