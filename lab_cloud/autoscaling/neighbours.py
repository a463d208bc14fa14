"""Elastic Load Balancing, plugged into what `outside` asks of it."""

from ..elb.targets import TargetRegistry
from ..wire import moto_elb


class ElbTargets:
    """Target groups of instances.

    Parameters
    ----------
    targets : TargetRegistry
        The one truth about targets.
    """

    def __init__(self, targets: TargetRegistry) -> None:
        self._targets = targets

    def exists(self, region: str, arn: str) -> bool:
        """Whether there is such a target group."""
        return moto_elb.target_group(region, arn) is not None

    def register(self, region: str, arn: str, instance: str, zone: str) -> None:
        """Register an instance."""
        found = moto_elb.target_group(region, arn)
        if found is not None:
            self._targets.register(arn, instance, found.port or 80, zone)

    def deregister(self, region: str, arn: str, instance: str) -> None:
        """Begin to drain an instance."""
        self._targets.deregister(arn, instance)

    def unhealthy(self, region: str, arn: str, instance: str) -> bool:
        """Whether it fails its health checks."""
        found = moto_elb.target_group(region, arn)
        state = self._targets.health(arn, instance, found.port or 80) if found is not None else None
        return state is not None and state.state == "unhealthy"
