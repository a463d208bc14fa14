"""One thread on which all agents and schedulers think, and a few that do what is slow for them.

What runs here must be short: it decides, and it asks the API, which answers at once. Whatever waits (a pull, the start
of a process, a probe) goes to `work`, and what comes of it returns through `post`.
"""

import contextlib
import heapq
import itertools
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

log = logging.getLogger(__name__)

Job = Callable[[], None]
WORKERS = 12


class Loop:
    """A thread with timers; it begins with the first job.

    Parameters
    ----------
    name : str
        Of its threads.
    """

    def __init__(self, name: str) -> None:
        self._jobs: deque[Job] = deque()
        self._timers: list[tuple[float, int, Job]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._closed = False
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix=f"{name}-worker")
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def post(self, job: Job) -> None:
        """Run a short job, after those that were posted before. May be called from any thread."""
        with self._changed:
            self._jobs.append(job)
            self._begin()

    def later(self, seconds: float, job: Job) -> None:
        """Run a short job after some real seconds."""
        with self._changed:
            heapq.heappush(self._timers, (time.monotonic() + seconds, next(self._numbers), job))
            self._begin()

    def work(self, job: Job) -> None:
        """Run a slow job on another thread."""
        with contextlib.suppress(RuntimeError):  # after the end
            self._workers.submit(_logged, job)

    def close(self) -> None:
        """End; waits for the job that is being done."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(5)
        self._workers.shutdown(wait=False, cancel_futures=True)

    def _begin(self) -> None:
        if not self._closed and self._thread.ident is None:
            self._thread.start()
        self._changed.notify()

    def _run(self) -> None:
        while (job := self._next()) is not None:
            _logged(job)

    def _next(self) -> Job | None:
        """The next job that is due; waits for it."""
        with self._changed:
            while not self._closed:
                now = time.monotonic()
                while self._timers and self._timers[0][0] <= now:
                    self._jobs.append(heapq.heappop(self._timers)[2])
                if self._jobs:
                    return self._jobs.popleft()
                self._changed.wait(self._timers[0][0] - now if self._timers else None)
        return None


def _logged(job: Job) -> None:
    # one pod's bug must not stop the others
    try:
        job()
    except Exception:
        log.exception("a job of a node agent failed")
