"""What can be scaled, and between which bounds."""

import datetime
from dataclasses import dataclass, field
from typing import Any

ECS_DIMENSION = "ecs:service:DesiredCount"
SUSPENDABLE = ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended")


@dataclass
class ScalableTarget:
    """A scalable target.

    Parameters
    ----------
    resource : str
        For example ``service/DemoCluster/web``.
    least, most : int
        ``MinCapacity`` and ``MaxCapacity``.
    """

    region: str
    resource: str
    dimension: str
    least: int
    most: int
    role: str
    created: float
    arn: str
    suspended: dict[str, bool] = field(default_factory=lambda: dict.fromkeys(SUSPENDABLE, False))
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def namespace(self) -> str:
        """The service that owns the resource, for example ``ecs``."""
        return self.dimension.partition(":")[0]

    @property
    def key(self) -> tuple[str, str]:
        """What stands for it within its region."""
        return self.resource, self.dimension

    def describe(self) -> dict[str, Any]:
        """As DescribeScalableTargets shows it."""
        return {
            "ServiceNamespace": self.namespace,
            "ResourceId": self.resource,
            "ScalableDimension": self.dimension,
            "MinCapacity": self.least,
            "MaxCapacity": self.most,
            "RoleARN": self.role,
            "CreationTime": moment(self.created),
            "SuspendedState": dict(self.suspended),
            "ScalableTargetARN": self.arn,
        }


def moment(seconds: float | None) -> datetime.datetime | None:
    """A time as the API gives it."""
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC) if seconds is not None else None
