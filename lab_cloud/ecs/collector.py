"""What ECS reports to CloudWatch: CPU and memory of services against what their tasks reserve, and counts of tasks.

References
----------
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/available-metrics.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-metrics-ECS.html
"""

import threading
from collections import defaultdict
from dataclasses import dataclass

from ..cloudwatch.metric import MetricId
from ..cloudwatch.sampler import Slices
from ..runtime.spec import Handle
from .placer import need_of
from .store import Region, Store

MIB = 1 << 20
INSIGHTS = "ECS/ContainerInsights"


@dataclass(frozen=True)
class Reading:
    """One task at one moment.

    Parameters
    ----------
    cpu_seconds : float
        Processor seconds since its start.
    memory : int
        Bytes.
    read : float
        Epoch seconds.
    """

    cpu_seconds: float
    memory: int
    read: float


@dataclass(frozen=True)
class Measured:
    """A task with what it may use."""

    id: str
    region: str
    cluster: str
    service: str
    insights: bool
    cpu: float  # vCPU
    memory: int  # bytes
    handles: tuple[Handle, ...]
    host: str = ""  # the EC2 instance


@dataclass(frozen=True)
class Used:
    """What one task used: percent of its reservation, vCPU and bytes."""

    cpu_percent: float
    memory_percent: float
    cpu: float
    memory: int


class EcsCollector:
    """Measures running tasks.

    Parameters
    ----------
    store : Store
        What ECS knows.
    lock : lock
        The world's; held only to see which tasks there are.
    """

    def __init__(self, store: Store, lock: threading.RLock) -> None:
        self._store = store
        self._lock = lock
        self._before: dict[str, Reading] = {}
        self.used_by_host: dict[str, float] = {}  # vCPU by EC2 instance, in the last slice

    def collect(self, into: Slices) -> None:
        """Measure every running task, and put the metrics of its service."""
        with self._lock:
            tasks = self._tasks()
            counts = [line for region in self._store.regions.values() for line in _counts(region)]
        by_service: dict[tuple[str, str, str, bool], list[Used]] = defaultdict(list)
        now: dict[str, Reading] = {}
        self.used_by_host.clear()
        for task in tasks:
            reading = _read(task)
            if reading is None:
                continue
            now[task.id] = reading
            before = self._before.get(task.id)
            if before is not None and reading.read > before.read:
                used = usage(task, before, reading)
                if task.host:
                    self.used_by_host[task.host] = self.used_by_host.get(task.host, 0.0) + used.cpu
                by_service[task.region, task.cluster, task.service, task.insights].append(used)
        self._before = now
        for (region, cluster, service, insights), used_by in by_service.items():
            if service:
                _put_service(into, region, cluster, service, used_by)
            if insights:
                _put_insights(into, region, {"ClusterName": cluster, "ServiceName": service}, used_by)
        for region_name, dimensions, name, value in counts:
            into.gauge(region_name, MetricId.of(INSIGHTS, name, dimensions), [value], "Count")

    def _tasks(self) -> list[Measured]:
        return [
            Measured(
                task.id,
                region.name,
                task.cluster,
                task.service,
                insights_of(region, task.cluster),
                need_of(task.definition, task.overrides).cpu / 1024,
                need_of(task.definition, task.overrides).memory * MIB,
                tuple(each.handle for each in task.containers if each.alive and each.handle is not None),
                task.host.id if task.host is not None else "",
            )
            for region in self._store.regions.values()
            for task in region.tasks.values()
            if task.status == "RUNNING"
        ]


def usage(task: Measured, before: Reading, after: Reading) -> Used:
    """What a task used between two readings.

    Parameters
    ----------
    task : Measured
        Its reservation.
    before, after : Reading
        The two; processor seconds of a container that ended in between are not negative.
    """
    cpu = max(after.cpu_seconds - before.cpu_seconds, 0.0) / (after.read - before.read)
    cpu_percent = 100 * cpu / task.cpu if task.cpu else 0.0
    memory_percent = 100 * after.memory / task.memory if task.memory else 0.0
    return Used(min(cpu_percent, 100.0), memory_percent, cpu, after.memory)


def insights_of(region: Region, cluster: str) -> bool:
    """Whether Container Insights is on for a cluster."""
    found = region.clusters.get(cluster)
    settings = found.settings if found is not None else []
    return any(one["name"] == "containerInsights" and one["value"] in ("enabled", "enhanced") for one in settings)


def _read(task: Measured) -> Reading | None:
    cpu, memory, read = 0.0, 0, 0.0
    for handle in task.handles:
        if handle.exit is not None:
            continue
        stats = handle.stats()
        cpu, memory, read = cpu + stats.cpu_seconds, memory + stats.memory, max(read, stats.read)
    return Reading(cpu, memory, read) if read else None


def _put_service(into: Slices, region: str, cluster: str, service: str, used_by: list[Used]) -> None:
    dimensions = {"ClusterName": cluster, "ServiceName": service}
    for name, values in (
        ("CPUUtilization", [each.cpu_percent for each in used_by]),
        ("MemoryUtilization", [each.memory_percent for each in used_by]),
    ):
        into.gauge(region, MetricId.of("AWS/ECS", name, dimensions), values, "Percent")


def _put_insights(into: Slices, region: str, dimensions: dict[str, str], used_by: list[Used]) -> None:
    dimensions = {name: value for name, value in dimensions.items() if value}
    cpu = sum(each.cpu for each in used_by) * 1024
    memory = sum(each.memory for each in used_by) / MIB
    into.gauge(region, MetricId.of(INSIGHTS, "CpuUtilized", dimensions), [cpu], "None")
    into.gauge(region, MetricId.of(INSIGHTS, "MemoryUtilized", dimensions), [memory], "Megabytes")


def _counts(region: Region) -> list[tuple[str, dict[str, str], str, float]]:
    """Counts of tasks and services, of clusters with Container Insights."""
    found: list[tuple[str, dict[str, str], str, float]] = []
    for cluster in region.clusters.values():
        if cluster.status == "INACTIVE" or not insights_of(region, cluster.name):
            continue
        counts = region.cluster_counts(cluster)
        dimensions = {"ClusterName": cluster.name}
        for name, suffix in (("TaskCount", "TasksCount"), ("ServiceCount", "ServiceCount")):
            value = sum(count for kind, count in counts.items() if kind.endswith(suffix))
            found.append((region.name, dimensions, name, value))
        for service in region.services.values():
            if service.cluster != cluster.name or service.status != "ACTIVE":
                continue
            tasks = [task.status for task in region.tasks_of(service)]
            of_service = {"ClusterName": cluster.name, "ServiceName": service.name}
            coming = sum(status in ("PROVISIONING", "PENDING", "ACTIVATING") for status in tasks)
            found.append((region.name, of_service, "RunningTaskCount", tasks.count("RUNNING")))
            found.append((region.name, of_service, "PendingTaskCount", coming))
            found.append((region.name, of_service, "DesiredTaskCount", service.desired))
    return found
