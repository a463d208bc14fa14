"""The controllers that every cluster has."""

from .client import Client
from .cron_job import CronJobs
from .deployment import Deployments
from .disruption import Budgets
from .endpoints import EndpointSlices
from .job import Jobs
from .node_lifecycle import NodeLifecycle
from .replica_set import ReplicaSets
from .runner import Controller, Controllers


def standard(client: Client, speed: float = 1.0) -> Controllers:
    """Those of Kubernetes' controller manager, on one thread.

    Parameters
    ----------
    client : Client
        The cluster's API.
    speed : float
        How many times shorter Kubernetes' own waiting is.
    """
    controllers: list[Controller] = [
        Deployments(client),
        ReplicaSets(client),
        CronJobs(client),
        Jobs(client, speed),
        EndpointSlices(client),
        Budgets(client),
        NodeLifecycle(client, lambda seconds: seconds / speed),
    ]
    return Controllers(client, controllers)
