"""The service controller: a Service of the type LoadBalancer gets a Network Load Balancer.

On EKS the cloud's own controller makes a Classic Load Balancer unless the annotation ``aws-load-balancer-type: nlb``
asks for a network one; the embedded cloud has no Classic ones and makes a network one for both. Pods are registered by
their addresses, as the annotation ``aws-load-balancer-nlb-target-type: ip`` does it on AWS.

References
----------
https://docs.aws.amazon.com/eks/latest/userguide/network-load-balancing.html
https://kubernetes.io/docs/concepts/services-networking/service/#loadbalancer
"""

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ..controllers.client import Client
from ..controllers.events import Recorder
from ..controllers.watching import Seen
from ..kubernetes.status import ApiError
from .doors import targets_of

CLEANUP = "service.kubernetes.io/load-balancer-cleanup"
PREFIX = "service.beta.kubernetes.io/aws-load-balancer-"
FIRST_RETRY, LONGEST_RETRY = 5.0, 300.0
Object = Mapping[str, Any]


@dataclass(frozen=True)
class Wanted:
    """A load balancer that a Service asks for.

    Parameters
    ----------
    name : str
        From the Service's uid, as the cloud's own controller makes it.
    service : str
        Namespace and name, with a slash.
    internal : bool
        Whether only the VPC reaches it.
    ports : tuple
        Each port with the pods' addresses and ports behind it.
    subnets : tuple of str
        Those that the Service names; none leaves the choice to their tags and routes.
    tags : tuple
        Names and values.
    """

    name: str
    service: str
    internal: bool
    ports: tuple[tuple[int, tuple[tuple[str, int], ...]], ...]
    subnets: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()


class BalancerError(Exception):
    """A load balancer could not be made; the message says why."""


class Balancers(Protocol):
    """Elastic Load Balancing, for one cluster."""

    def ensure(self, wanted: Wanted) -> str:
        """Make a load balancer what it should be; its host name.

        Raises
        ------
        BalancerError
            When AWS refuses.
        """

    def delete(self, name: str) -> None:
        """Delete a load balancer with its target groups; one that is not there is no error."""


def name_of(service: Object) -> str:
    """The name of a Service's load balancer."""
    return ("a" + str(service["metadata"]["uid"]).replace("-", ""))[:32]


def decide(service: Object, slices: Iterable[Object]) -> Wanted | None:
    """The load balancer that a Service should have; None for none. Pure.

    Parameters
    ----------
    service : mapping
        The Service.
    slices : iterable of mapping
        Its EndpointSlices.
    """
    spec, metadata = service["spec"], service["metadata"]
    if spec.get("type") != "LoadBalancer" or "deletionTimestamp" in metadata:
        return None
    notes = {
        key.removeprefix(PREFIX): str(value)
        for key, value in (metadata.get("annotations") or {}).items()
        if key.startswith(PREFIX)
    }
    slices = list(slices)
    ports = tuple(
        (int(port["port"]), targets_of(slices, port.get("name", "")))
        for port in spec.get("ports") or ()
        if port.get("protocol", "TCP") == "TCP"
    )
    tags = [each.partition("=") for each in notes.get("additional-resource-tags", "").split(",") if "=" in each]
    return Wanted(
        name=name_of(service),
        service=f"{metadata['namespace']}/{metadata['name']}",
        internal=notes.get("scheme") == "internal" or notes.get("internal", "").lower() in ("true", "0.0.0.0/0"),
        ports=ports,
        subnets=tuple(each.strip() for each in notes.get("subnets", "").split(",") if each.strip()),
        tags=tuple((key.strip(), value.strip()) for key, _, value in tags),
    )


class LoadBalancers:
    """The controller.

    Parameters
    ----------
    client : Client
        The cluster's API.
    balancers : Balancers
        What makes load balancers.
    speed : float
        How many times shorter its waiting between attempts is.
    """

    watches = ("services", "endpointslices")

    def __init__(self, client: Client, balancers: Balancers, speed: float) -> None:
        self._client = client
        self._balancers = balancers
        self._speed = speed
        self._recorder = Recorder(client, "service-controller")
        self._made: dict[str, Wanted] = {}
        self._retries: dict[str, tuple[float, float]] = {}

    def sync(self, seen: Seen, now: float) -> float | None:
        """Bring every Service's load balancer to what it should be."""
        for each in seen.all("services"):
            uid = each["metadata"]["uid"]
            due, wait = self._retries.get(uid, (0.0, FIRST_RETRY / 2))
            if now < due:
                continue
            try:
                # gone or changed meanwhile: the watch tells, and the next look mends it
                with contextlib.suppress(ApiError):
                    self._sync(each, seen, now)
                self._retries.pop(uid, None)
            except BalancerError as error:
                text = f"Error syncing load balancer: failed to ensure load balancer: {error}"
                self._recorder.tell(each, "SyncLoadBalancerFailed", text, now, warning=True)
                wait = min(wait * 2, LONGEST_RETRY)
                self._retries[uid] = now + wait / self._speed, wait
        return min((due for due, _wait in self._retries.values()), default=None)

    def _sync(self, service: Object, seen: Seen, now: float) -> None:
        metadata = service["metadata"]
        uid, held = metadata["uid"], CLEANUP in (metadata.get("finalizers") or ())
        wanted = decide(service, seen.owned("endpointslices", uid))
        if wanted is None:
            if held:
                self._delete(service, now)
            return
        ingress = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress")
        before = self._made.get(uid)
        if before == wanted and ingress and held:
            return
        if not held:
            self._client.merge(
                _path(service), {"metadata": {"finalizers": [*(metadata.get("finalizers") or ()), CLEANUP]}}
            )
        if before is None:
            self._recorder.tell(service, "EnsuringLoadBalancer", "Ensuring load balancer", now)
        host = self._balancers.ensure(wanted)
        self._made[uid] = wanted
        if ingress != [{"hostname": host}]:
            self._client.merge(
                f"{_path(service)}/status", {"status": {"loadBalancer": {"ingress": [{"hostname": host}]}}}
            )
        if before is None:
            self._recorder.tell(service, "EnsuredLoadBalancer", "Ensured load balancer", now)
        elif before.ports != wanted.ports:
            self._recorder.tell(service, "UpdatedLoadBalancer", "Updated load balancer with new hosts", now)

    def _delete(self, service: Object, now: float) -> None:
        metadata = service["metadata"]
        self._recorder.tell(service, "DeletingLoadBalancer", "Deleting load balancer", now)
        self._balancers.delete(name_of(service))
        self._made.pop(metadata["uid"], None)
        if ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress"):
            self._client.merge(f"{_path(service)}/status", {"status": {"loadBalancer": {"ingress": None}}})
        self._recorder.tell(service, "DeletedLoadBalancer", "Deleted load balancer", now)
        left = [each for each in metadata["finalizers"] if each != CLEANUP]
        self._client.merge(_path(service), {"metadata": {"finalizers": left or None}})


def _path(service: Object) -> str:
    return f"/api/v1/namespaces/{service['metadata']['namespace']}/services/{service['metadata']['name']}"
