"""The endpoints controllers: which pods stand behind a Service, as EndpointSlices and as the older Endpoints.

References
----------
https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/
"""

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..kubernetes.status import ApiError
from .client import Client
from .replica_set import ENDED, is_ready, reference
from .watching import Seen

SERVICE_NAME = "kubernetes.io/service-name"
MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
MANAGER = "endpointslice-controller.k8s.io"
MOST_ENDPOINTS = 100
"""In one slice."""
Object = Mapping[str, Any]
Ports = tuple[tuple[str, str, int], ...]


@dataclass(frozen=True)
class Plan:
    """What is to be done for one Service.

    Parameters
    ----------
    create : tuple of dict
        The slices that are missing.
    patch : dict
        From the names of slices to what is to change.
    delete : tuple of str
        The names of slices that are too many.
    """

    create: tuple[dict[str, Any], ...]
    patch: dict[str, dict[str, Any]]
    delete: tuple[str, ...]


def pods_of(service: Object, pods: Iterable[Object]) -> list[Object]:
    """The pods that a Service selects and that have an address, by name."""
    wanted = (service["spec"].get("selector") or {}).items()
    found = [
        each
        for each in pods
        if wanted
        and each["metadata"]["namespace"] == service["metadata"]["namespace"]
        and wanted <= (each["metadata"].get("labels") or {}).items()
        and (each.get("status") or {}).get("podIP")
        and (each.get("status") or {}).get("phase") not in ENDED
    ]
    return sorted(found, key=lambda each: str(each["metadata"]["name"]))


def ports_of(service: Object, pod: Object) -> Ports:
    """The ports of a pod that a Service leads to: name, protocol and number."""
    return tuple(_ports(service, pod))


def _ports(service: Object, pod: Object) -> Iterator[tuple[str, str, int]]:
    for port in service["spec"].get("ports") or ():
        target, protocol = port.get("targetPort", port["port"]), port.get("protocol", "TCP")
        if isinstance(target, str):
            named = [
                int(one["containerPort"])
                for container in pod["spec"]["containers"]
                for one in container.get("ports") or ()
                if one.get("name") == target and one.get("protocol", "TCP") == protocol
            ]
            if not named:
                continue
            target = named[0]
        yield port.get("name", ""), protocol, int(target)


def endpoint(service: Object, pod: Object, zones: Mapping[str, str]) -> dict[str, Any]:
    """A pod as an endpoint."""
    metadata, node = pod["metadata"], pod["spec"].get("nodeName", "")
    ready, ends = is_ready(pod), "deletionTimestamp" in metadata
    shown = (ready and not ends) or bool(service["spec"].get("publishNotReadyAddresses"))
    target = {"kind": "Pod", "namespace": metadata["namespace"], "name": metadata["name"], "uid": metadata["uid"]}
    made: dict[str, Any] = {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {"ready": shown, "serving": ready, "terminating": ends},
        "targetRef": target,
    }
    if node:
        made["nodeName"] = node
    if zones.get(node):
        made["zone"] = zones[node]
    return made


def decide(service: Object, pods: Iterable[Object], slices: Iterable[Object], zones: Mapping[str, str]) -> Plan:
    """Which slices a Service needs; pure.

    Parameters
    ----------
    service : mapping
        The Service.
    pods : iterable of mapping
        All pods.
    slices : iterable of mapping
        The slices that belong to it.
    zones : mapping
        The Availability Zone of each node.
    """
    by_ports: dict[Ports, list[dict[str, Any]]] = {}
    for pod in pods_of(service, pods):
        by_ports.setdefault(ports_of(service, pod), []).append(endpoint(service, pod, zones))
    wanted = [
        {"endpoints": found[start : start + MOST_ENDPOINTS], "ports": _as_ports(ports)}
        for ports, found in by_ports.items()
        for start in range(0, len(found), MOST_ENDPOINTS)
    ] or [{"endpoints": [], "ports": []}]
    left = sorted(slices, key=lambda each: str(each["metadata"]["name"]))
    create, patch = [], {}
    for content in wanted:
        own = next((each for each in left if each.get("ports") == content["ports"]), left[0] if left else None)
        if own is None:
            create.append(_slice(service, content))
            continue
        left.remove(own)
        if any((own.get(name) or []) != value for name, value in content.items()):
            patch[str(own["metadata"]["name"])] = content
    return Plan(tuple(create), patch, tuple(str(each["metadata"]["name"]) for each in left))


def _as_ports(ports: Ports) -> list[dict[str, Any]]:
    return [{"name": name, "port": number, "protocol": protocol} for name, protocol, number in ports]


def _slice(service: Object, content: Object) -> dict[str, Any]:
    metadata = service["metadata"]
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "generateName": f"{metadata['name']}-",
            "labels": {**(metadata.get("labels") or {}), SERVICE_NAME: metadata["name"], MANAGED_BY: MANAGER},
            "ownerReferences": [reference(service)],
        },
        "addressType": "IPv4",
        **content,
    }


def subsets(service: Object, pods: Iterable[Object]) -> list[dict[str, Any]]:
    """The subsets of the older kind Endpoints."""
    found: dict[Ports, dict[str, list[dict[str, Any]]]] = {}
    for pod in pods_of(service, pods):
        if "deletionTimestamp" in pod["metadata"]:
            continue
        own = endpoint(service, pod, {})
        address: dict[str, Any] = {"ip": own["addresses"][0], "targetRef": own["targetRef"]}
        if "nodeName" in own:
            address["nodeName"] = own["nodeName"]
        where = "addresses" if own["conditions"]["ready"] else "notReadyAddresses"
        found.setdefault(ports_of(service, pod), {}).setdefault(where, []).append(address)
    return [{**places, "ports": [_named(one) for one in _as_ports(ports)]} for ports, places in found.items()]


def _named(port: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in port.items() if value != ""}


class EndpointSlices:
    """The controllers of both kinds.

    Parameters
    ----------
    client : Client
        The cluster's API.
    """

    watches = ("services", "pods", "endpointslices", "endpoints", "nodes")

    def __init__(self, client: Client) -> None:
        self._client = client

    def sync(self, seen: Seen, now: float) -> float | None:
        """Bring every Service's endpoints to what its pods are."""
        zone = "topology.kubernetes.io/zone"
        zones = {
            each["metadata"]["name"]: (each["metadata"].get("labels") or {}).get(zone, "") for each in seen.all("nodes")
        }
        pods = seen.all("pods")
        known = {_key(each): each for each in seen.all("endpoints")}
        for each in seen.all("services"):
            # gone or changed meanwhile: the watch tells, and the next look mends it
            if each["spec"].get("selector") and "deletionTimestamp" not in each["metadata"]:
                with contextlib.suppress(ApiError):
                    self._slices(each, pods, seen.owned("endpointslices", each["metadata"]["uid"]), zones)
                with contextlib.suppress(ApiError):
                    self._endpoints(each, pods, known.get(_key(each)))
        return None

    def _slices(self, service: Object, pods: list[Any], slices: list[Any], zones: Mapping[str, str]) -> None:
        plan = decide(service, pods, slices, zones)
        base = f"/apis/discovery.k8s.io/v1/namespaces/{service['metadata']['namespace']}/endpointslices"
        for made in plan.create:
            self._client.create(base, made)
        for name, content in plan.patch.items():
            self._client.merge(f"{base}/{name}", content)
        for name in plan.delete:
            self._client.delete(f"{base}/{name}")

    def _endpoints(self, service: Object, pods: list[Any], known: Object | None) -> None:
        wanted = subsets(service, pods)
        namespace, name = _key(service)
        base = f"/api/v1/namespaces/{namespace}/endpoints"
        if known is None:
            metadata = {"name": name, "ownerReferences": [reference(service)]}
            body = {"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata, "subsets": wanted}
            self._client.create(base, body)
        elif (known.get("subsets") or []) != wanted:
            self._client.merge(f"{base}/{name}", {"subsets": wanted})


def _key(found: Object) -> tuple[str, str]:
    return str(found["metadata"]["namespace"]), str(found["metadata"]["name"])
