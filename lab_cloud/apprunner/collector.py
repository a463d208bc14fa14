"""What App Runner reports to CloudWatch.

ActiveInstances are those that answered a request in the minute: only they are billed for CPU, while an idle one is
billed for its memory. An idle instance also has little CPU: `Instance.idle` tells the runtime.

References
----------
https://docs.aws.amazon.com/apprunner/latest/dg/monitor-cw.html
"""

import threading
from dataclasses import dataclass

from ..cloudwatch.metric import MetricId, Sample
from ..cloudwatch.sampler import Slices
from ..elb.targets import Group
from ..runtime.spec import Handle, Stats
from .doors import Doors
from .service import Service
from .store import Store

NAMESPACE = "AWS/AppRunner"


@dataclass(frozen=True)
class _Measured:
    """A service at one moment; its instances with their vCPU and bytes."""

    service: Service
    group: Group
    instances: tuple[tuple[str, str, int, Handle, float, int], ...]
    load: int


class AppRunnerCollector:
    """Measures services.

    Parameters
    ----------
    store : Store
        What App Runner knows.
    doors : Doors
        Its data plane.
    lock : lock
        The world's; held only to see what there is.
    """

    def __init__(self, store: Store, doors: Doors, lock: threading.RLock) -> None:
        self._store = store
        self._doors = doors
        self._lock = lock
        self._counts: dict[str, list[int]] = {}
        self._answered: dict[str, int] = {}
        self._stats: dict[str, Stats] = {}
        self._seen: dict[str, float] = {}

    def collect(self, into: Slices) -> None:
        """Put what has passed since the last call."""
        with self._lock:
            found = [self._measured(service) for service in self._store.services() if service.active]
        stats: dict[str, Stats] = {}
        answered: dict[str, int] = {}
        for one in found:
            region = one.service.region
            dimensions = {"ServiceName": one.service.name, "ServiceID": one.service.id}
            self._requests(into, one, dimensions)
            cpu, memory, active = [], [], 0
            for name, address, port, handle, share, limit in one.instances:
                target = one.group.targets.get((address, port))
                if target is not None:
                    answered[name] = target.counters.requests
                    active += bool(target.in_flight or answered[name] > self._answered.get(name, 0))
                if handle.exit is not None:
                    continue
                now = stats[name] = handle.stats()
                before = self._stats.get(name)
                memory.append(100 * now.memory / limit)
                if before is not None and now.read > before.read:
                    used = max(now.cpu_seconds - before.cpu_seconds, 0.0) / (now.read - before.read)
                    cpu.append(min(100 * used / share, 100.0))
            into.gauge(region, MetricId.of(NAMESPACE, "ActiveInstances", dimensions), [active], "Count")
            into.gauge(region, MetricId.of(NAMESPACE, "Concurrency", dimensions), [one.load], "Count")
            for title, values in (("CPUUtilization", cpu), ("MemoryUtilization", memory)):
                if values:
                    into.gauge(region, MetricId.of(NAMESPACE, title, dimensions), values, "Percent")
        self._stats, self._answered = stats, answered

    def _measured(self, service: Service) -> _Measured:
        return _Measured(
            service,
            self._doors.targets.group(service.group(service.active)),
            tuple(
                (
                    one.id,
                    one.address,
                    service.releases[one.release].port,
                    one.handle,
                    one.cpu,
                    one.memory,
                )
                for one in service.instances.values()
                if one.handle is not None and one.release == service.active
            ),
            max((load for _moment, load in service.loads), default=0),
        )

    def _requests(self, into: Slices, one: _Measured, dimensions: dict[str, str]) -> None:
        region, arn = one.service.region, one.service.arn
        counters = self._doors.counters.get(arn)
        if counters is None:
            return
        now = [counters.requests, *(counters.target[digit] + counters.balancer[digit] for digit in (2, 4, 5))]
        before = self._counts.get(arn, [0] * 4)
        self._counts[arn] = now
        grown = [new - old if new >= old else new for new, old in zip(now, before, strict=True)]
        into.count(region, MetricId.of(NAMESPACE, "Requests", dimensions), grown[0])
        for digit, amount in zip("245", grown[1:], strict=True):
            if amount:
                into.count(region, MetricId.of(NAMESPACE, f"{digit}xxStatusResponses", dimensions), amount)
        last = self._seen.get(arn, 0.0)
        times = [each for each in one.group.counters.times.copy() if each[0] > last]
        if times:
            self._seen[arn] = times[-1][0]
            weight = into.rate(max(grown[0], len(times))) / len(times)
            sample = Sample.of((round(seconds * 1000, 3), weight) for _moment, seconds in times)
            into.put(region, MetricId.of(NAMESPACE, "RequestLatency", dimensions), sample, "Milliseconds")
