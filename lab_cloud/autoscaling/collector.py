"""What groups report to CloudWatch once their metrics are switched on.

References
----------
https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-metrics.html
"""

import threading

from ..cloudwatch.metric import MetricId
from ..cloudwatch.sampler import Slices
from .group import IN_SERVICE, PENDING, STANDBY, Group
from .store import GroupStore

NAMESPACE = "AWS/AutoScaling"


class GroupCollector:
    """Counts the instances of groups.

    Parameters
    ----------
    store : GroupStore
        The groups.
    lock : lock
        The world's; held only to count.
    """

    def __init__(self, store: GroupStore, lock: threading.RLock) -> None:
        self._store = store
        self._lock = lock

    def collect(self, into: Slices) -> None:
        """Put the metrics that are enabled."""
        with self._lock:
            found = [
                (region.name, group.name, name, value)
                for region in self._store.regions.values()
                for group in region.groups.values()
                if group.enabled_metrics
                for name, value in counts(group).items()
                if name in group.enabled_metrics
            ]
        for region, group_name, name, value in found:
            into.gauge(region, MetricId.of(NAMESPACE, name, {"AutoScalingGroupName": group_name}), [value], "None")


def counts(group: Group) -> dict[str, float]:
    """The metrics of a group by name."""
    states = [member.state for member in group.members.values()]
    return {
        "GroupMinSize": group.least,
        "GroupMaxSize": group.most,
        "GroupDesiredCapacity": group.desired,
        "GroupInServiceInstances": states.count(IN_SERVICE),
        "GroupPendingInstances": states.count(PENDING),
        "GroupStandbyInstances": states.count(STANDBY),
        "GroupTerminatingInstances": sum(state.startswith("Terminating") for state in states),
        "GroupTotalInstances": len(states),
    }
