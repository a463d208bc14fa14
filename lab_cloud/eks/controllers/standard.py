"""The controllers that every cluster has."""

from .client import Client
from .cron_job import CronJobs
from .daemon_set import DaemonSets
from .deployment import Deployments
from .disruption import Budgets
from .endpoints import EndpointSlices
from .job import Jobs
from .node_lifecycle import NodeLifecycle
from .persistent_volume import PersistentVolumes
from .replica_set import ReplicaSets
from .root_ca import RootCa
from .runner import Controller, Controllers
from .volume_protection import VolumeProtection


def standard(client: Client, speed: float = 1.0, certificate: str = "") -> Controllers:
    """Those of Kubernetes' controller manager, on one thread.

    Parameters
    ----------
    client : Client
        The cluster's API.
    speed : float
        How many times shorter Kubernetes' own waiting is.
    certificate : str
        That of the authority by which the API server is known, as PEM; empty publishes none.
    """
    controllers: list[Controller] = [
        Deployments(client),
        ReplicaSets(client),
        DaemonSets(client),
        CronJobs(client),
        Jobs(client, speed),
        EndpointSlices(client),
        Budgets(client),
        PersistentVolumes(client),
        VolumeProtection(client),
        NodeLifecycle(client, lambda seconds: seconds / speed),
    ]
    if certificate:
        controllers.append(RootCa(client, certificate))
    return Controllers(client, controllers)
