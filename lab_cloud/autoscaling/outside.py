"""What EC2 Auto Scaling asks of the services beside it."""

from typing import Any, Protocol

from ..wire import Call


class Balancing(Protocol):
    """Elastic Load Balancing, as groups use it."""

    def exists(self, region: str, arn: str) -> bool:
        """Whether there is such a target group."""

    def register(self, region: str, arn: str, instance: str, zone: str) -> None:
        """Register an instance with the port of its target group."""

    def deregister(self, region: str, arn: str, instance: str) -> None:
        """Begin to drain an instance."""

    def unhealthy(self, region: str, arn: str, instance: str) -> bool:
        """Whether an instance is unhealthy in a target group."""


class Watch(Protocol):
    """CloudWatch, as far as alarms are made and deleted."""

    def put_metric_alarm(self, call: Call, params: dict[str, Any]) -> None:
        """Make an alarm."""

    def delete_alarms(self, call: Call, params: dict[str, Any]) -> None:
        """Delete alarms."""
