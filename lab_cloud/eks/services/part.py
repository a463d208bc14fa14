"""What is done for the Services of every cluster whose control plane answers."""

from typing import TYPE_CHECKING

from ...core import Core
from ...elb.targets import TargetRegistry
from ...wire.inside import Inside
from ..cluster import Cluster
from ..controllers.client import Loopback
from ..controllers.runner import Controllers
from . import doors
from .balancers import ClusterBalancers
from .load_balancer import LoadBalancers
from .proxy import ServiceProxy

if TYPE_CHECKING:  # loaded with the first cluster
    from ..kubernetes.api import ApiServer


class ClusterServices:
    """The doors and load balancers of one cluster.

    Parameters
    ----------
    core : Core
        What the parts of the cloud share.
    targets : TargetRegistry
        The targets of all load balancers.
    cluster : Cluster
        Which cluster.
    api : ApiServer
        Its API.
    """

    def __init__(self, core: Core, targets: TargetRegistry, cluster: Cluster, api: "ApiServer") -> None:
        client = Loopback(api, "service-controller")
        inside = Inside(core.dispatcher, core.world.lock, core.running.access_key)
        where = cluster.region, cluster.name, cluster.network.vpc
        balancers = ClusterBalancers(inside, targets, core.world.lock, *where)
        self._proxy = ServiceProxy(Loopback(api, "kube-proxy"), core.book, core.world.spawn)
        _publish(client, cluster.endpoint)
        # apart from each other: a load balancer waits for the world's lock, and nobody should wait for that
        self._groups = (
            Controllers(client, [LoadBalancers(client, balancers, core.clock.speed)]),
            Controllers(client, [self._proxy]),
        )
        for each in self._groups:
            each.start()

    def close(self) -> None:
        """End; load balancers stay, as on AWS."""
        for each in self._groups:
            each.close()
        self._proxy.close()


def _publish(client: Loopback, endpoint: str) -> None:
    """Say where the API server's own Service leads."""
    labels = {doors.SERVICE_NAME: "kubernetes"}
    ports = [{"name": "https", "port": int(endpoint.rpartition(":")[2]), "protocol": "TCP"}]
    places = [{"addresses": [doors.LOOPBACK], "conditions": {"ready": True}}]
    made = {"metadata": {"name": "kubernetes", "labels": labels}, "addressType": "IPv4", "endpoints": places}
    body = {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", **made, "ports": ports}
    client.create("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", body)
