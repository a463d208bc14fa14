"""Operations on task protection: a task that says it is busy is not stopped by scaling in or by a deployment.

Follows "Protect your Amazon ECS tasks from being terminated by scale-in events". The time is the program's own, so it
is not divided.
"""

from typing import Any

from ..clock import Clock
from ..errors import AwsError
from ..wire import Call
from . import names
from .store import Store
from .task import Task

DEFAULT_MINUTES, MOST_MINUTES, MOST_TASKS = 120, 2880, 10


class ProtectionOperations:
    """Get and update the protection of tasks."""

    _store: Store
    _clock: Clock

    def update_task_protection(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """UpdateTaskProtection."""
        minutes = params.get("expiresInMinutes", DEFAULT_MINUTES)
        if not 1 <= minutes <= MOST_MINUTES:
            raise AwsError("InvalidParameterException", f"expiresInMinutes must be between 1 and {MOST_MINUTES}.")
        found, failures = self._tasks_named(call, params)
        for task in found:
            task.protected_until = self._clock.now() + minutes * 60 if params["protectionEnabled"] else 0.0
        return {"protectedTasks": [self._show(task) for task in found], "failures": failures}

    def get_task_protection(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """GetTaskProtection."""
        found, failures = self._tasks_named(call, params)
        return {"protectedTasks": [self._show(task) for task in found], "failures": failures}

    def _tasks_named(self, call: Call, params: dict[str, Any]) -> tuple[list[Task], list[dict[str, str]]]:
        region = self._store.region(call.region)
        cluster = region.find_cluster(params["cluster"])
        wanted = params.get("tasks", [])
        if len(wanted) > MOST_TASKS:
            raise AwsError("InvalidParameterException", f"At most {MOST_TASKS} tasks can be named.")
        found: list[Task] = []
        failures = []
        for reference in wanted:
            task = region.find_task(cluster, reference)
            arn = task.arn if task is not None else names.arn(region.name, f"task/{cluster.name}/{reference}")
            if task is None or task.status == "STOPPED":
                failures.append({"arn": arn, "reason": "MISSING"})
            elif not task.service:
                failures.append({"arn": arn, "reason": "TASK_NOT_VALID", "detail": "The task is of no service."})
            else:
                found.append(task)
        return found, failures

    def _show(self, task: Task) -> dict[str, Any]:
        protected = task.protected_until > self._clock.now()
        expires = names.moment(task.protected_until) if protected else None
        return {"taskArn": task.arn, "protectionEnabled": protected, "expirationDate": expires}
