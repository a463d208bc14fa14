"""The controllers that every cluster has."""

from .client import Client
from .deployment import Deployments
from .endpoints import EndpointSlices
from .replica_set import ReplicaSets
from .runner import Controller, Controllers


def standard(client: Client) -> Controllers:
    """Those of Kubernetes' controller manager, on one thread.

    Parameters
    ----------
    client : Client
        The cluster's API.
    """
    controllers: list[Controller] = [Deployments(client), ReplicaSets(client), EndpointSlices(client)]
    return Controllers(client, controllers)
