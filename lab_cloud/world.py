"""The lock that everything runs under, and the loop that runs the reconcilers.

moto is not thread-safe, so each request and each tick of a reconciler takes one re-entrant lock. Nothing slow happens
while it is held: starting a process or probing a port is given to `work`, and what comes of it returns through
`post`.
"""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from .clock import Clock

log = logging.getLogger(__name__)

TICK_SECONDS = 0.25
WORKERS = 16


class Reconciler(Protocol):
    """Brings what is closer to what is wanted."""

    def tick(self, now: float) -> None:
        """Observe, decide, apply; called under the world's lock."""


class World:
    """Where the reconcilers live.

    Parameters
    ----------
    clock : Clock
        The time that all of them read.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self._reconcilers: list[Reconciler] = []
        self._facts: deque[Callable[[], None]] = deque()
        self._changed = threading.Event()
        self.cpu_seconds = 0.0  # what the reconcilers have cost so far
        self._closing = False
        self._due = float("inf")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="worker")
        self._thread = threading.Thread(target=self._run, name="reconcilers", daemon=True)

    def add(self, reconciler: Reconciler) -> None:
        """Tick this reconciler too, after those added before."""
        self._reconcilers.append(reconciler)

    def start(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        """Begin to tick.

        Parameters
        ----------
        loop : asyncio loop, optional
            The server's loop, on which `spawn` puts coroutines.
        """
        self._loop = loop
        self._thread.start()

    def wake(self) -> None:
        """Something changed: tick at once. May be called from any thread."""
        self._changed.set()

    def wake_at(self, moment: float) -> None:
        """Tick at this moment (epoch seconds) too; called by reconcilers in their tick."""
        self._due = min(self._due, moment)

    def post(self, fact: Callable[[], None]) -> None:
        """Run a short function under the lock, then tick. May be called from any thread."""
        self._facts.append(fact)
        self._changed.set()

    def work(self, job: Callable[[], None]) -> None:
        """Run a slow function on a worker thread, without the lock."""
        if not self._closing:
            self._workers.submit(_logged, job)

    def spawn(self, start: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run a coroutine on the server's loop. May be called from any thread."""
        loop = self._loop
        if loop is None:
            raise RuntimeError("the world has no asyncio loop yet")
        loop.call_soon_threadsafe(lambda: loop.create_task(start()))

    def tick(self) -> None:
        """Take in the facts that were posted, then tick every reconciler once."""
        with self.lock:
            self._due = float("inf")
            while self._facts:
                _logged(self._facts.popleft())
            now = self.clock.now()
            for reconciler in self._reconcilers:
                _logged(lambda reconciler=reconciler: reconciler.tick(now))  # type: ignore[misc]

    def close(self) -> None:
        """Stop ticking and wait for the thread."""
        self._closing = True
        self._changed.set()
        if self._thread.is_alive():
            self._thread.join(5)
        self._workers.shutdown(wait=False, cancel_futures=True)

    def _run(self) -> None:
        while not self._closing:
            self._changed.wait(max(min(TICK_SECONDS, self._due - self.clock.now()), 0.001))
            self._changed.clear()
            self.tick()
            self.cpu_seconds = time.thread_time()


def _logged(job: Callable[[], None]) -> None:
    # one reconciler's bug must not stop the others, nor the loop
    try:
        job()
    except Exception:
        log.exception("a background job failed")
