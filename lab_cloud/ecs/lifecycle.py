"""The life of one task: which status comes next. Pure.

Follows "Amazon ECS task lifecycle" of the Amazon ECS Developer Guide:
PROVISIONING -> PENDING -> ACTIVATING -> RUNNING -> DEACTIVATING -> STOPPING -> DEPROVISIONING -> STOPPED.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class TaskView:
    """What the rule looks at.

    Parameters
    ----------
    status, desired : str
        ``lastStatus`` and ``desiredStatus``.
    since : float
        Real seconds since it entered its status.
    running : int
        Containers that run now.
    ended : int
        Containers that have ended.
    containers : int
        Containers it has in all.
    starting : bool
        Whether a worker is still busy starting it.
    targets : bool
        Whether its service has target groups.
    placed : bool
        Whether there is capacity for it; until then it stays PROVISIONING.
    drained : bool
        Whether no target group sends it requests any more.
    provisioning, deprovisioning : float
        Real seconds that those statuses last at least.
    """

    status: str
    desired: str
    since: float = 0.0
    running: int = 0
    ended: int = 0
    containers: int = 1
    starting: bool = False
    targets: bool = False
    placed: bool = True
    drained: bool = True
    provisioning: float = 0.0
    deprovisioning: float = 0.0


def next_status(task: TaskView) -> str | None:
    """The status that a task enters now, or None while it stays.

    Parameters
    ----------
    task : TaskView
        The task as it is.
    """
    stopping = task.desired == "STOPPED"
    if task.status == "PROVISIONING":
        if stopping:
            return "DEPROVISIONING"
        return "PENDING" if task.placed and task.since >= task.provisioning else None
    if task.status == "PENDING":
        if stopping:
            return None if task.starting else "STOPPING"
        started = not task.starting and task.running + task.ended == task.containers
        return ("ACTIVATING" if task.targets else "RUNNING") if started else None
    if task.status == "ACTIVATING":
        return "DEACTIVATING" if stopping else "RUNNING"
    if task.status == "RUNNING":
        return "DEACTIVATING" if stopping else None
    if task.status == "DEACTIVATING":
        # a task without a living container has nothing to drain
        return "STOPPING" if task.drained or task.running == 0 else None
    if task.status == "STOPPING":
        return "DEPROVISIONING" if task.running == 0 and not task.starting else None
    if task.status == "DEPROVISIONING":
        return "STOPPED" if task.since >= task.deprovisioning else None
    return None
