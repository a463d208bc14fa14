"""The record of each event's path: which rules matched, which targets were called, what became of the tasks.

The live views and ``python -m lab_cloud trail`` read it. AWS has no such record in one place.
"""

import itertools
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

KEPT = 500
MOST_STEPS = 200
TASKS_KEPT = 2000


@dataclass
class Path:
    """The way of one event, or of one call by a schedule.

    Parameters
    ----------
    id : str
        The event's id, or the schedule's execution id.
    what : str
        ``source / detail-type``, or the schedule's name.
    steps : list of dict
        Each has ``number``, ``at`` (epoch seconds), ``step`` and what goes with it.
    """

    id: str
    region: str
    what: str
    steps: list[dict[str, Any]] = field(default_factory=list)


class Trail:
    """The newest paths; under the world's lock."""

    def __init__(self) -> None:
        self._paths: OrderedDict[str, Path] = OrderedDict()
        self._tasks: OrderedDict[str, list[str]] = OrderedDict()
        self._numbers = itertools.count(1)

    def begin(self, path_id: str, region: str, what: str, now: float, step: str, **about: Any) -> None:
        """A new path."""
        self._paths[path_id] = Path(path_id, region, what)
        while len(self._paths) > KEPT:
            self._paths.popitem(last=False)
        self.add(path_id, now, step, **about)

    def add(self, path_id: str, now: float, step: str, **about: Any) -> None:
        """One step more, unless the path is forgotten already."""
        path = self._paths.get(path_id)
        if path is not None and len(path.steps) < MOST_STEPS:
            path.steps.append({"number": next(self._numbers), "at": round(now, 3), "step": step, **about})

    def follow(self, path_id: str, task: str) -> None:
        """What becomes of this task, by its ARN, belongs to the path too."""
        self._tasks.setdefault(task, []).append(path_id)
        while len(self._tasks) > TASKS_KEPT:
            self._tasks.popitem(last=False)

    def task(self, task: str, now: float, step: str, **about: Any) -> None:
        """Something has become of a task; nothing happens when no event has started it."""
        for path_id in self._tasks.get(task, ()):
            self.add(path_id, now, step, task=task, **about)

    def followed(self, task_id: str) -> str:
        """The ARN of a followed task by its id; empty when there is none."""
        return next((arn for arn in reversed(self._tasks) if arn.endswith(f"/{task_id}")), "")

    def shown(self, since: int = 0, limit: int = 100, match: str = "") -> dict[str, Any]:
        """The paths that have a step after number `since`, oldest first.

        Parameters
        ----------
        since : int
            The ``last`` of an earlier answer; 0 for all.
        limit : int
            The most paths.
        match : str
            A text that the path's name, or the rule, target or task of a step must contain.
        """
        found = [
            path
            for path in self._paths.values()
            if path.steps and path.steps[-1]["number"] > since and (not match or _mentions(path, match))
        ]
        last = max((path.steps[-1]["number"] for path in found), default=since)
        shown = [
            {"id": path.id, "region": path.region, "what": path.what, "steps": path.steps} for path in found[-limit:]
        ]
        return {"paths": shown, "last": last}

    def clear(self) -> None:
        """Forget all."""
        self._paths.clear()
        self._tasks.clear()


def _mentions(path: Path, text: str) -> bool:
    return text in path.what or any(text in str(value) for step in path.steps for value in step.values())
