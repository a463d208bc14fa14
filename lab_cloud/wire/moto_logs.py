"""Write containers' output into moto's CloudWatch Logs.

What is written before moto is loaded waits for it here, so that nobody else has to.
"""

import importlib
from collections import defaultdict, deque
from typing import Any

from . import moto_load
from .call import ACCOUNT

KEPT_EVENTS = 20_000
"""A stream keeps its newest events; a learner's load test must not fill the memory."""

Line = tuple[str, str, str, float, str]


class MotoLogs:
    """The awslogs driver's other end. Lines are gathered from any thread and stored at the next tick."""

    def __init__(self) -> None:
        self._lines: deque[Line] = deque()
        self._waiting: list[tuple[str, str, str]] = []  # the region, group and name of streams to make

    def open_stream(self, region: str, group: str, stream: str, *, create_group: bool) -> str:
        """Make a stream; return why that cannot be, or an empty text. Under the world's lock."""
        if not create_group and not self._has(region, group):
            return (
                "ResourceNotFoundException: The specified log group does not exist. "
                f"Create the log group {group} first (logs.create_log_group)."
            )
        self._waiting.append((region, group, stream))
        if moto_load.loaded():
            self._make_streams()
        return ""

    def write(self, region: str, group: str, stream: str, when: float, line: str) -> None:
        """Add one line; it can be read after the next tick."""
        self._lines.append((region, group, stream, when, line))

    def tick(self, now: float) -> None:
        """Store what was gathered."""
        if moto_load.loaded():
            self.store()

    def store(self) -> None:
        """Store what was gathered, so that it can be read; under the world's lock."""
        if not self._waiting and not self._lines:
            return
        self._make_streams()
        batches: dict[tuple[str, str, str], list[dict[str, Any]]] = defaultdict(list)
        while self._lines:
            region, group, stream, when, line = self._lines.popleft()
            if line:
                batches[region, group, stream].append({"timestamp": int(when * 1000), "message": line})
        for (region, group, stream), events in batches.items():
            backend = self._backend(region)
            # the learner may have deleted the group while the container still talks
            if group in backend.groups and stream in backend.groups[group].streams:
                backend.put_log_events(group, stream, events)
                kept = backend.groups[group].streams[stream].events
                del kept[:-KEPT_EVENTS]

    def forget(self) -> None:
        """Forget what was gathered."""
        self._waiting.clear()
        self._lines.clear()

    def _has(self, region: str, group: str) -> bool:
        if not moto_load.loaded():
            return any(one[:2] == (region, group) for one in self._waiting)
        return group in self._backend(region).groups

    def _make_streams(self) -> None:
        for region, group, stream in self._waiting:
            backend = self._backend(region)
            if group not in backend.groups:
                backend.create_log_group(group, {})
            if stream not in backend.groups[group].streams:
                backend.create_log_stream(group, stream)
        self._waiting.clear()

    def _backend(self, region: str) -> Any:
        moto_load.load()
        return importlib.import_module("moto.logs.models").logs_backends[ACCOUNT][region]
