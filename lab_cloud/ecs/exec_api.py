"""ECS Exec: run a command in a container.

Follows https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ExecuteCommand.html and
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec-troubleshooting.html.
"""

import shlex
from typing import Any

from ..errors import AwsError
from ..wire import Call
from . import names
from .exec_door import ExecDoor
from .roles import Roles
from .store import Store
from .task import Container, Task

OFF = (
    "The execute command failed because execute command was not enabled when the task was run or the execute command "
    "agent isn't running. Wait and try again or run a new task with execute command enabled and try again."
)
NOT_CONNECTED = "The execute command failed due to an internal error. Try again later."


class ExecOperations:
    """Run commands in containers."""

    _store: Store
    _roles: Roles
    _exec: ExecDoor

    def execute_command(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """ExecuteCommand: a session, which runs the command when it is opened."""
        region = self._store.region(call.region)
        cluster = region.find_cluster(params.get("cluster"))
        task = region.find_task(cluster, params["task"])
        if task is None:
            raise AwsError("InvalidParameterException", "The referenced task was not found.")
        if not params["interactive"]:
            raise AwsError("InvalidParameterException", "Interactive is the only mode supported currently.")
        container = _container(task, params.get("container"))
        if not task.execute_command:
            raise AwsError("InvalidParameterException", OFF)
        try:
            argv = tuple(shlex.split(params["command"]))
        except ValueError as wrong:
            raise AwsError("InvalidParameterException", f"The command cannot be read: {wrong}.") from None
        if not argv:
            raise AwsError("InvalidParameterException", "The command cannot be empty.")
        if not container.alive or container.handle is None or not self._roles.may_exec(task):
            raise AwsError("TargetNotConnectedException", NOT_CONNECTED)
        return {
            "clusterArn": names.arn(region.name, f"cluster/{cluster.name}"),
            "containerArn": container.arn,
            "containerName": container.name,
            "interactive": True,
            "session": self._exec.make(container.handle, argv),
            "taskArn": task.arn,
        }


def _container(task: Task, name: str | None) -> Container:
    if not name and len(task.containers) > 1:
        raise AwsError("InvalidParameterException", "A container name must be given: the task has several containers.")
    found = next((each for each in task.containers if not name or each.name == name), None)
    if found is None:
        raise AwsError("InvalidParameterException", f"The container {name} is not in the task.")
    return found
