"""What EventBridge and EventBridge Scheduler report to CloudWatch.

References
----------
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
https://docs.aws.amazon.com/scheduler/latest/UserGuide/monitoring-cloudwatch.html
"""

import threading
from collections import Counter

from ..cloudwatch.metric import MetricId
from ..cloudwatch.sampler import Slices

Key = tuple[str, MetricId]


class Counters:
    """Counts until CloudWatch asks.

    Parameters
    ----------
    lock : lock
        The world's; held while the counts are taken.
    """

    def __init__(self, lock: threading.RLock) -> None:
        self._lock = lock
        self._counts: Counter[Key] = Counter()

    def add(self, region: str, namespace: str, name: str, *dimensions: dict[str, str]) -> None:
        """Count one, once for each set of dimensions."""
        for each in dimensions:
            self._counts[region, MetricId.of(namespace, name, each)] += 1

    def collect(self, into: Slices) -> None:
        """Give the counts away."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        for (region, metric), count in counts.items():
            into.count(region, metric, float(count))
