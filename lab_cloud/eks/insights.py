"""Container Insights of a cluster: what its add-on measures on nodes and pods, and the logs that it brings.

Only with the add-on ``amazon-cloudwatch-observability``, whose agent runs on EC2 nodes and not on Fargate. CPU and
memory are those of the pods' processes: nodes here have no operating system of their own that would use some too. Of
AWS's metrics there are those in `NODE` and below, and records of performance come every five AWS minutes.

References
----------
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-metrics-EKS.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-reference-performance-entries-EKS.html
"""

import json
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..cloudwatch.metric import MetricId
from ..cloudwatch.sampler import Slices
from ..runtime.spec import Stats
from .cluster import Cluster
from .controllers import conditions
from .fargate import COMPUTE
from .kubernetes.status import ApiError
from .nodegroup import ACTIVE
from .outside import Logs
from .planes import Plane, Planes
from .store import Store

if TYPE_CHECKING:  # loaded with the first node
    from .agents.container import Container

ADDON = "amazon-cloudwatch-observability"
NAMESPACE = "ContainerInsights"
GROUPS = "/aws/containerinsights/{}/{}"
EVERY = 5  # AWS minutes between two records of performance
MOST_LINES = 20
"""Of one container in one measurement; the newest. Probes alone may write some a second."""
Object = dict[str, Any]
Totals = dict[tuple[str, tuple[tuple[str, str], ...]], list[float]]


@dataclass(frozen=True)
class Pod:
    """A pod with what it uses.

    Parameters
    ----------
    name, namespace, workload, node : str
        Which one, what made it, and where it is.
    labels : mapping
        By which Services find it.
    running : bool
        Whether its phase says so.
    cpu : float
        vCPU.
    memory : int
        Bytes.
    """

    name: str
    namespace: str
    workload: str
    node: str
    labels: Mapping[str, str]
    running: bool
    cpu: float
    memory: int


@dataclass(frozen=True)
class Node:
    """A node with what it has."""

    name: str
    instance: str
    ready: bool
    cpu: float
    memory: float


def totals(cluster: str, nodes: Iterable[Node], pods: Iterable[Pod], services: Iterable[Object]) -> Totals:
    """All metrics of a cluster, by name and dimensions; pure."""
    found: Totals = defaultdict(list)
    by_name, pods, services = {node.name: node for node in nodes}, list(pods), list(services)

    def put(name: str, value: float, **dimensions: str) -> None:
        found[name, tuple(sorted({"ClusterName": cluster, **dimensions}.items()))].append(value)

    put("cluster_node_count", len(by_name))
    put("cluster_failed_node_count", sum(not node.ready for node in by_name.values()))
    for node in by_name.values():
        ours = [pod for pod in pods if pod.node == node.name]
        for name, used, whole in (
            ("node_cpu_utilization", sum(pod.cpu for pod in ours), node.cpu),
            ("node_memory_utilization", float(sum(pod.memory for pod in ours)), node.memory),
        ):
            put(name, 100 * used / whole)
            put(name, 100 * used / whole, NodeName=node.name, InstanceId=node.instance)
    running: dict[str, int] = defaultdict(int)
    for pod in pods:
        running[pod.namespace] += pod.running
        share = 100 * pod.cpu / by_name[pod.node].cpu
        put("pod_cpu_utilization", share)
        put("pod_cpu_utilization", share, Namespace=pod.namespace)
        put("pod_cpu_utilization", share, Namespace=pod.namespace, PodName=pod.workload)
    for namespace, number in running.items():
        put("namespace_number_of_running_pods", number, Namespace=namespace)
    for service in services:
        where, wanted = service["metadata"]["namespace"], service["spec"].get("selector") or {}
        behind = [pod for pod in pods if pod.namespace == where and wanted and wanted.items() <= pod.labels.items()]
        named = {"Namespace": where, "Service": service["metadata"]["name"]}
        if behind:
            put("service_number_of_running_pods", sum(pod.running for pod in behind), **named)
        for pod in behind:
            put("pod_cpu_utilization", 100 * pod.cpu / by_name[pod.node].cpu, **named)
    return found


class InsightsCollector:
    """Measures the nodes and pods of clusters that have the add-on.

    Parameters
    ----------
    store : Store
        What EKS knows.
    planes : Planes
        The clusters' control planes.
    lock : RLock
        The world's; held only to see which clusters there are, and to make log streams.
    logs : Logs
        Where lines go.
    """

    def __init__(self, store: Store, planes: Planes, lock: "threading.RLock", logs: Logs) -> None:
        self._store = store
        self._planes = planes
        self._lock = lock
        self._logs = logs
        self._stats: dict[str, Stats] = {}
        self._written: dict[str, int] = {}
        self._minutes: dict[str, int] = {}

    def collect(self, into: Slices) -> None:
        """Measure, and bring the lines that were written."""
        with self._lock:
            watched = [
                (cluster, plane)
                for cluster in self._store.clusters()
                if ADDON in cluster.addons and cluster.addons[ADDON].status == ACTIVE
                if (plane := self._planes.get(cluster)) is not None
            ]
        before, self._stats = self._stats, {}
        for cluster, plane in watched:
            self._measure(into, cluster, plane, before)
        self._written = {key: count for key, count in self._written.items() if key in self._stats}

    def _measure(self, into: Slices, cluster: Cluster, plane: Plane, before: Mapping[str, Stats]) -> None:
        nodes = {node.name: node for node in _nodes(plane)}
        used: dict[str, tuple[float, int]] = {}
        written: list[tuple[Object, Container]] = []
        pods: list[Object] = [each for each in plane.seen.all("pods") if each["spec"].get("nodeName") in nodes]
        for pod in pods:
            cpu, memory = 0.0, 0
            for container in plane.fleet.containers(pod):
                vcpu, held = self._used(container, before)
                cpu, memory = cpu + vcpu, memory + held
                written.append((pod, container))
            used[pod["metadata"]["uid"]] = cpu, memory
        try:
            services = plane.client.get("/api/v1/services")["items"]
        except ApiError:  # the cluster is just going
            return
        found = totals(cluster.name, nodes.values(), [_pod(each, used) for each in pods], services)
        for (name, dimensions), values in found.items():
            unit = "Percent" if name.endswith("_utilization") else "Count"
            into.gauge(cluster.region, MetricId.of(NAMESPACE, name, dict(dimensions)), values, unit)
        for pod, container in written:
            self._bring(cluster, pod, container)
        self._record(into, cluster, found)

    def _used(self, container: "Container", before: Mapping[str, Stats]) -> tuple[float, int]:
        """vCPU and bytes."""
        handle = container.handle
        if handle is None or handle.exit is not None:
            return 0.0, 0
        now = self._stats[container.id] = handle.stats()
        old = before.get(container.id)
        if old is None or now.read <= old.read:
            return 0.0, now.memory
        return max(now.cpu_seconds - old.cpu_seconds, 0.0) / (now.read - old.read), now.memory

    def _bring(self, cluster: Cluster, pod: Object, container: "Container") -> None:
        """What a container has written since the last time, as the agent sends it."""
        output = container.output
        if output is None or container.id not in self._stats:
            return
        lines, seen, _ended = output.after(self._written.get(container.id, 0))
        self._written[container.id] = seen
        if not lines:
            return
        metadata, host = pod["metadata"], pod["spec"]["nodeName"]
        about = {
            "pod_name": metadata["name"],
            "namespace_name": metadata["namespace"],
            "container_name": container.name,
            "host": host,
            "labels": metadata.get("labels") or {},
        }
        of = f"{metadata['name']}_{metadata['namespace']}_{container.name}-{container.id}"
        write = self._stream(cluster, "application", f"{host}-application.var.log.containers.{of}.log")
        for when, line in lines[-MOST_LINES:]:
            write(when, {"time": when, "log": line, "kubernetes": about})

    def _record(self, into: Slices, cluster: Cluster, found: Totals) -> None:
        """What was measured, as records in the log group of performance."""
        passed = self._minutes.get(cluster.arn, EVERY) + into.minutes
        self._minutes[cluster.arn] = passed % EVERY if passed >= EVERY else passed
        if passed < EVERY:
            return
        records: dict[tuple[tuple[str, str], ...], dict[str, float]] = defaultdict(dict)
        for (name, dimensions), values in found.items():
            records[dimensions][name] = round(sum(values) / len(values), 4)
        write = self._stream(cluster, "performance", cluster.name)
        for dimensions, values_of in records.items():
            write(into.end, {**dict(dimensions), "Timestamp": str(int(into.end * 1000)), **values_of})

    def _stream(self, cluster: Cluster, kind: str, stream: str) -> Any:
        region, group = cluster.region, GROUPS.format(cluster.name, kind)
        with self._lock:
            self._logs.open_stream(region, group, stream, create_group=True)
        return lambda when, record: self._logs.write(region, group, stream, when, json.dumps(record))


def _nodes(plane: Plane) -> Iterator[Node]:
    """Those that have an agent: no Fargate."""
    for each in plane.seen.all("nodes"):
        metadata, has = each["metadata"], (each.get("status") or {}).get("capacity") or {}
        if (metadata.get("labels") or {}).get(COMPUTE) == "fargate" or not has:
            continue
        yield Node(
            metadata["name"],
            str(each["spec"].get("providerID", "")).rpartition("/")[2],
            conditions.of(each, "Ready").get("status") == "True",
            float(has["cpu"]),
            float(str(has["memory"]).removesuffix("Ki")) * 1024,
        )


def _pod(pod: Object, used: Mapping[str, tuple[float, int]]) -> Pod:
    metadata = pod["metadata"]
    cpu, memory = used[metadata["uid"]]
    owner = next((each for each in metadata.get("ownerReferences") or () if each.get("controller")), None)
    workload = owner["name"] if owner is not None else metadata["name"]
    if owner is not None and owner["kind"] == "ReplicaSet":  # known by its Deployment
        workload = workload.rpartition("-")[0] or workload
    running = (pod.get("status") or {}).get("phase") == "Running"
    labels = metadata.get("labels") or {}
    return Pod(metadata["name"], metadata["namespace"], workload, pod["spec"]["nodeName"], labels, running, cpu, memory)
