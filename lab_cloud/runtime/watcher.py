"""Watches running processes: their output as it comes, and their end. One thread for all of them.

On Windows pipes cannot be waited for together, so there each process has a thread.
"""

import contextlib
import heapq
import itertools
import logging
import os
import selectors
import socket
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Protocol

from lab_cloud.system import LINUX, WINDOWS, Tree

_CHUNK = 64 * 1024
_MOST_CHUNKS = 64
"""More than a pipe holds: what came before the end, and not all that an escaped process may still write."""
_GATHER = 0.002
"""Seconds to let output gather after some came: a program that writes much then wakes this thread seldom."""
_LOOK = 0.05
"""Seconds between two looks at processes where the system does not tell that one has ended (macOS)."""
_DRAIN = 1.0
"""Seconds that output may still come after the end, from a process that escaped."""

log = logging.getLogger(__name__)


class Watched(Protocol):
    """What the watcher needs of a container. All calls come from the watcher's thread."""

    @property
    def tree(self) -> Tree:
        """The process."""

    def on_bytes(self, data: bytes) -> None:
        """Some output came."""

    def on_escape(self) -> None:
        """It has ended, but another process still holds its output."""

    def on_end(self, code: int) -> None:
        """It has ended and its output is complete."""


class Watcher:
    """One thread that waits for everything."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._wake_read, self._wake_write = socket.socketpair()
        self._wake_read.setblocking(False)
        self._selector.register(self._wake_read, selectors.EVENT_READ)
        self._jobs: list[Callable[[], None]] = []
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._count = itertools.count()
        self._running: dict[Watched, int | None] = {}  # with its pidfd, where there are such
        self._draining: dict[Watched, tuple[int, float]] = {}  # with its exit code and a deadline
        self._lock = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)
        self._thread.start()

    def add(self, watched: Watched) -> None:
        """Watch a process from now on."""
        if WINDOWS:
            threading.Thread(target=self._follow, args=(watched,), name="container", daemon=True).start()
        else:
            self._post(lambda: self._begin(watched))

    def later(self, seconds: float, job: Callable[[], None]) -> None:
        """Call a short job after some real seconds."""
        with self._lock:
            heapq.heappush(self._timers, (time.monotonic() + seconds, next(self._count), job))
        self._post(lambda: None)

    def close(self) -> None:
        """End the thread; what still runs is no longer watched."""
        self._closed = True
        self._post(lambda: None)
        self._thread.join()
        for descriptor in self._running.values():
            if descriptor is not None:
                os.close(descriptor)
        self._selector.close()
        self._wake_read.close()
        self._wake_write.close()

    def _post(self, job: Callable[[], None]) -> None:
        with self._lock:
            self._jobs.append(job)
        with contextlib.suppress(OSError):
            self._wake_write.send(b"!")

    def _run(self) -> None:
        while not self._closed:
            ready = self._selector.select(self._patience())
            for key, _ in ready:
                if key.fileobj is self._wake_read:
                    with contextlib.suppress(BlockingIOError):
                        self._wake_read.recv(_CHUNK)
                else:
                    self._safely(key.data)
            with self._lock:
                jobs, self._jobs = self._jobs, []
                while self._timers and self._timers[0][0] <= time.monotonic():
                    jobs.append(heapq.heappop(self._timers)[2])
            for job in jobs:
                self._safely(job)
            if not LINUX:
                for watched in [each for each in self._running if each.tree.ended()]:
                    self._ended(watched)
            if ready and not jobs:
                time.sleep(_GATHER)
            now = time.monotonic()
            for watched in [each for each, (_, deadline) in self._draining.items() if deadline <= now]:
                self._finish(watched)

    def _patience(self) -> float | None:
        with self._lock:
            times = [self._timers[0][0]] if self._timers else []
        times += [deadline for _, deadline in self._draining.values()]
        wait = max(min(times) - time.monotonic(), 0.0) if times else None
        if not LINUX and self._running:
            wait = _LOOK if wait is None else min(wait, _LOOK)
        return wait

    @staticmethod
    def _safely(job: Callable[[], None]) -> None:
        try:
            job()
        except Exception:
            log.exception("a container's callback failed")

    def _begin(self, watched: Watched) -> None:
        tree = watched.tree
        os.set_blocking(tree.output.fileno(), False)
        self._selector.register(tree.output, selectors.EVENT_READ, lambda: self._read(watched))
        descriptor = None
        if LINUX:
            descriptor = os.pidfd_open(tree.pid)
            self._selector.register(descriptor, selectors.EVENT_READ, lambda: self._ended(watched))
        self._running[watched] = descriptor

    def _read(self, watched: Watched) -> bool:
        """Take what has come; tells whether there may be more."""
        output = watched.tree.output
        if output.closed:
            return False
        try:
            data = os.read(output.fileno(), _CHUNK)
        except BlockingIOError:
            return False
        if data:
            watched.on_bytes(data)
            return True
        self._selector.unregister(output)
        output.close()
        if watched in self._draining:
            self._finish(watched)
        return False

    def _ended(self, watched: Watched) -> None:
        if watched not in self._running:
            return
        descriptor = self._running.pop(watched)
        if descriptor is not None:
            self._selector.unregister(descriptor)
            os.close(descriptor)
        code = watched.tree.reap()
        self._draining[watched] = (code, time.monotonic() + _DRAIN)
        if watched.tree.output.closed:
            self._finish(watched)
            return
        for _ in range(_MOST_CHUNKS):
            if not self._read(watched):
                break
        if watched in self._draining:
            self._safely(watched.on_escape)

    def _finish(self, watched: Watched) -> None:
        code, _ = self._draining.pop(watched)
        if not watched.tree.output.closed:
            self._selector.unregister(watched.tree.output)
            watched.tree.output.close()
        self._safely(lambda: watched.on_end(code))

    def _follow(self, watched: Watched) -> None:
        """Windows: the same for one process."""
        reader = threading.Thread(target=self._pump, args=(watched,), name="output", daemon=True)
        reader.start()
        code = watched.tree.reap()
        reader.join(_DRAIN)
        self._safely(lambda: watched.on_end(code))

    def _pump(self, watched: Watched) -> None:
        with watched.tree.output as output:
            while data := output.read(_CHUNK):
                self._safely(partial(watched.on_bytes, data))
