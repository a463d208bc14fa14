"""The tasks that a learner has started by hand, without a service.

A stopped task stays to be seen for an hour, also when the lab in which it ran has been cleaned up: then its task
definition has gone, and by that it is told from those of this time.
"""

from typing import TYPE_CHECKING, Any

from ..inventory import pages

if TYPE_CHECKING:
    from ..lab import Lab


def running(lab: "Lab", cluster: str, started_by: str) -> list[dict[str, Any]]:
    """The tasks that run, or are about to.

    Parameters
    ----------
    lab : Lab
        The lab.
    cluster, started_by : str
        Where, and with which ``startedBy``.

    Returns
    -------
    list of dict
        As DescribeTasks shows them.
    """
    return _tasks(lab, cluster, started_by, "RUNNING")


def stopped(lab: "Lab", cluster: str, started_by: str) -> list[dict[str, Any]]:
    """The tasks that have stopped, or are about to, and whose task definition is still in use."""
    found = _tasks(lab, cluster, started_by, "STOPPED")
    if not found:
        return []
    active = set(pages(lab.client("ecs"), "list_task_definitions", "taskDefinitionArns", status="ACTIVE"))
    return [one for one in found if one["taskDefinitionArn"] in active]


def _tasks(lab: "Lab", cluster: str, started_by: str, desired: str) -> list[dict[str, Any]]:
    ecs = lab.client("ecs")
    arns = ecs.list_tasks(cluster=cluster, startedBy=started_by, desiredStatus=desired)["taskArns"]
    return list(ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"]) if arns else []
