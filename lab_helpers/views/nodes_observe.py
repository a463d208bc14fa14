"""Reads nodes and pods through the Kubernetes API: the same lists that kubectl shows, put together into one picture."""

import json
import re
import time
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from lab_helpers.views.nodes_state import Deployment, Node, Nodes, Pod, Service

HERE = ("127.0.0.1", "localhost", "::1")
QUANTITY = re.compile(r"([0-9.]+)([a-zA-Z]*)")
UNITS = {"m": 1e-3, "": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
MIB = 2**20
Object = Mapping[str, Any]


class NodesObserver:
    """Reads one cluster again and again.

    Parameters
    ----------
    api : kubernetes.client.ApiClient
        The cluster's API.
    cluster, namespace : str
        The name to show, and where the Deployments and Services are that it shows.

    Attributes
    ----------
    pace
        Seconds between two reads that suit this cluster.
    """

    def __init__(self, api: Any, cluster: str, namespace: str) -> None:
        from kubernetes.client import AppsV1Api, CoreV1Api, DiscoveryV1Api

        self.cluster, self.namespace = cluster, namespace
        self.pace = 0.4 if urlsplit(api.configuration.host).hostname in HERE else 2.0
        self._core, self._apps, self._discovery = CoreV1Api(api), AppsV1Api(api), DiscoveryV1Api(api)

    def read(self) -> Nodes:
        """The cluster as it is now.

        Raises
        ------
        kubernetes.client.exceptions.ApiException, urllib3.exceptions.HTTPError
            When the API server refuses, or does not answer.
        """
        core, place = self._core, self.namespace
        pods = _items(core.list_pod_for_all_namespaces)
        counts = _pods_of_services(_items(self._discovery.list_namespaced_endpoint_slice, place))
        return Nodes(
            name=self.cluster,
            namespace=place,
            status="ACTIVE",
            at=time.time(),
            nodes=tuple(node_of(each, pods) for each in _items(core.list_node)),
            waiting=tuple(pod_of(each) for each in pods if not each["spec"].get("nodeName")),
            services=tuple(_service(each, counts) for each in _items(core.list_namespaced_service, place)),
            deployments=tuple(_deployment(each) for each in _items(self._apps.list_namespaced_deployment, place)),
        )


def _items(listing: Any, *where: str) -> list[Object]:
    """What a list holds, as it comes over the wire: to make Python objects of it would take longer than to draw it."""
    answer = listing(*where, _preload_content=False)
    found: list[Object] = json.loads(answer.data)["items"]
    return sorted(found, key=lambda one: (one["metadata"]["creationTimestamp"], one["metadata"]["name"]))


def amount(quantity: object) -> float:
    """What a quantity of Kubernetes says: ``250m`` is 0.25, ``1Ki`` is 1024."""
    match = QUANTITY.fullmatch(str(quantity))
    return float(match[1]) * UNITS.get(match[2], 1.0) if match else 0.0


def status_of(pod: Object) -> str:
    """The word for a pod's state that kubectl shows."""
    if pod["metadata"].get("deletionTimestamp"):
        return "Terminating"
    status = pod.get("status") or {}
    word = str(status.get("reason") or status.get("phase") or "Pending")
    states = status.get("containerStatuses") or ()
    for one in states:
        state = one.get("state") or {}
        if (state.get("waiting") or {}).get("reason"):
            return str(state["waiting"]["reason"])
        if state.get("terminated"):
            return str(state["terminated"].get("reason") or "Terminated")
    if word == "Running" and not all(one.get("ready") for one in states):
        return "NotReady"
    return word


def pod_of(pod: Object) -> Pod:
    """A pod, as it is drawn."""
    metadata, spec, status = pod["metadata"], pod["spec"], pod.get("status") or {}
    states = status.get("containerStatuses") or ()
    containers = spec.get("containers") or ()
    requests = [(one.get("resources") or {}).get("requests") or {} for one in containers]
    labels = metadata.get("labels") or {}
    return Pod(
        name=str(metadata["name"]),
        app=str(labels.get("app") or labels.get("app.kubernetes.io/name") or ""),
        status=status_of(pod),
        ready=f"{sum(bool(one.get('ready')) for one in states)}/{len(containers)}",
        restarts=sum(int(one.get("restartCount") or 0) for one in states),
        address=str(status.get("podIP") or ""),
        image=str(containers[0].get("image", "")) if containers else "",
        cpu=sum(amount(one.get("cpu", 0)) for one in requests),
        memory=sum(amount(one.get("memory", 0)) for one in requests) / MIB,
        why=_why(status),
    )


def _why(status: Object) -> str:
    waits = [(one.get("state") or {}).get("waiting") or {} for one in status.get("containerStatuses") or ()]
    told = [str(one["message"]) for one in waits if one.get("message")]
    held = (one for one in status.get("conditions") or () if one["type"] == "PodScheduled" and one["status"] == "False")
    return next(iter([*told, *(str(one.get("message") or "") for one in held)]), "")


def node_of(node: Object, pods: Iterable[Object]) -> Node:
    """A node with its pods, as it is drawn."""
    metadata, status = node["metadata"], node.get("status") or {}
    labels, has = metadata.get("labels") or {}, status.get("allocatable") or {}
    conditions = {one["type"]: one["status"] for one in status.get("conditions") or ()}
    ours = [each for each in pods if each["spec"].get("nodeName") == metadata["name"]]
    fargate = labels.get("eks.amazonaws.com/compute-type") == "fargate"
    group = labels.get("eks.amazonaws.com/nodegroup")
    return Node(
        name=str(metadata["name"]),
        kind="Fargate" if fargate else str(group or "self-managed"),
        type="one pod" if fargate else str(labels.get("node.kubernetes.io/instance-type", "")),
        zone=str(labels.get("topology.kubernetes.io/zone", "")),
        ready=conditions.get("Ready") == "True",
        cordoned=bool(node["spec"].get("unschedulable")),
        cpu=amount(has.get("cpu", 0)),
        memory=amount(has.get("memory", 0)) / MIB,
        room=int(amount(has.get("pods", 0))),
        pods=tuple(pod_of(each) for each in ours),
    )


def _pods_of_services(slices: Iterable[Object]) -> dict[str, tuple[int, int]]:
    """How many pods of each Service are ready, and how many there are."""
    found: dict[str, tuple[int, int]] = {}
    for each in slices:
        name = str((each["metadata"].get("labels") or {}).get("kubernetes.io/service-name", ""))
        ends = each.get("endpoints") or ()
        ready, pods = found.get(name, (0, 0))
        good = sum((one.get("conditions") or {}).get("ready") is not False for one in ends)
        found[name] = ready + good, pods + len(ends)
    return found


def _service(service: Object, counts: Mapping[str, tuple[int, int]]) -> Service:
    spec, name = service["spec"], str(service["metadata"]["name"])
    ingress = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or [{}]
    ready, pods = counts.get(name, (0, 0))
    ports = ", ".join(f"port {one['port']}" for one in spec.get("ports") or ())
    host = str(ingress[0].get("hostname") or ingress[0].get("ip") or "")
    return Service(name, str(spec.get("type", "ClusterIP")), ports, ready, pods, host)


def _deployment(found: Object) -> Deployment:
    status = found.get("status") or {}
    counts = (int(status.get(name) or 0) for name in ("readyReplicas", "updatedReplicas"))
    return Deployment(str(found["metadata"]["name"]), int(found["spec"].get("replicas", 1)), *counts)
