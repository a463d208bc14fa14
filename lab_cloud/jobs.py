"""Work of the command line that takes longer than one answer: it runs on a thread, and its lines are fetched."""

import itertools
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from .errors import CloudError

log = logging.getLogger(__name__)

Work = Callable[[Callable[[str], None]], dict[str, Any]]
_KEPT = 50


class _Job:
    """One piece of work."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.result: dict[str, Any] | None = None
        self.error: dict[str, str] | None = None


class Jobs:
    """What is under way, and what has ended of late."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._jobs: OrderedDict[int, _Job] = OrderedDict()
        self._lock = threading.Lock()

    def start(self, work: Work) -> dict[str, Any]:
        """Begin.

        Parameters
        ----------
        work : callable
            Given a function for its lines of progress; returns what is to be answered.

        Returns
        -------
        dict
            ``job``: its number.
        """
        job = _Job()
        with self._lock:
            number = next(self._numbers)
            self._jobs[number] = job
            while len(self._jobs) > _KEPT:
                self._jobs.popitem(last=False)
        threading.Thread(target=self._run, args=(job, work), name=f"job-{number}", daemon=True).start()
        return {"job": number}

    def look(self, job: int, seen: int = 0) -> dict[str, Any]:
        """How far it is; answers at once.

        Parameters
        ----------
        job : int
            Its number.
        seen : int
            How many lines the caller has already.

        Returns
        -------
        dict
            ``lines`` since then, and ``result`` or ``error`` once it has ended.
        """
        found = self._jobs.get(job)
        if found is None:
            raise CloudError("The cloud knows nothing of this work any more.", "Run the command again.")
        done = found.result is not None or found.error is not None  # before the lines: the end comes after the last one
        answer: dict[str, Any] = {"lines": found.lines[seen:]}
        if done:
            answer |= {"result": found.result, "error": found.error}
        return answer

    def _run(self, job: _Job, work: Work) -> None:
        try:
            job.result = work(job.lines.append)
        except CloudError as error:
            job.error = {"message": error.message, "remedy": error.remedy}
        except Exception as error:
            log.exception("a command failed")
            job.error = {"message": f"The cloud failed at this: {error!r}.", "remedy": "Look into cloud.log."}
