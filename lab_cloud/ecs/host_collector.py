"""What EC2 instances report to CloudWatch, and how much of them clusters have reserved.

The CPU of an instance is what the tasks on it really used, against its vCPUs: there is no virtual machine that would
use any by itself.

References
----------
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/viewing_metrics_with_cloudwatch.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster_reservation.html
"""

import threading
from collections import defaultdict
from collections.abc import Mapping

from ..cloudwatch.metric import MetricId
from ..cloudwatch.sampler import Slices
from ..instance_types import instance_types
from .outside import HostRecord, Hosts
from .placer import views
from .store import Region, Store

RUNNING = "running"


class HostCollector:
    """Measures EC2 instances.

    Parameters
    ----------
    store : Store
        What ECS knows.
    lock : lock
        The world's; held only to see which instances there are.
    hosts : Hosts
        The EC2 instances.
    used : mapping of str to float
        vCPU that the tasks on each instance used in this slice; measured just before.
    """

    def __init__(self, store: Store, lock: threading.RLock, hosts: Hosts, used: Mapping[str, float]) -> None:
        self._store = store
        self._lock = lock
        self._hosts = hosts
        self._used = used

    def collect(self, into: Slices) -> None:
        """Put CPU of instances and groups, and the reservations of clusters."""
        with self._lock:
            regions = [
                (region.name, self._hosts.all(region.name), _reserved(region))
                for region in self._store.regions.values()
            ]
        for region, hosts, reserved in regions:
            self._put_cpu(into, region, hosts)
            for cluster, name, value in reserved:
                into.gauge(region, MetricId.of("AWS/ECS", name, {"ClusterName": cluster}), [value], "Percent")

    def _put_cpu(self, into: Slices, region: str, hosts: list[HostRecord]) -> None:
        groups: dict[str, list[float]] = defaultdict(list)
        for host in hosts:
            kind = instance_types().get(host.type)
            if host.state != RUNNING or kind is None:
                continue
            percent = min(100 * self._used.get(host.id, 0.0) / kind.vcpu, 100.0)
            into.gauge(region, MetricId.of("AWS/EC2", "CPUUtilization", {"InstanceId": host.id}), [percent], "Percent")
            if host.group:
                groups[host.group].append(percent)
        for group, values in groups.items():
            metric = MetricId.of("AWS/EC2", "CPUUtilization", {"AutoScalingGroupName": group})
            into.gauge(region, metric, values, "Percent")


def _reserved(region: Region) -> list[tuple[str, str, float]]:
    """Cluster, metric and percent of what container instances have that tasks have reserved."""
    found: list[tuple[str, str, float]] = []
    for name in {one.cluster for one in region.instances.values() if one.ended is None}:
        instances = [one for one in region.instances.values() if one.cluster == name and one.ended is None]
        left = views(region, instances)
        cpu, memory = sum(one.kind.cpu_units for one in instances), sum(one.kind.free_memory for one in instances)
        found.append((name, "CPUReservation", 100 - 100 * sum(one.cpu for one in left) / cpu))
        found.append((name, "MemoryReservation", 100 - 100 * sum(one.memory for one in left) / memory))
    return found
