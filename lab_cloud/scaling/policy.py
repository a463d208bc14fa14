"""A scaling policy."""

from dataclasses import dataclass
from typing import Any

from .steps import StepPolicy
from .target import moment
from .tracking import TrackingPolicy

STEP, TRACKING, PREDICTIVE = "StepScaling", "TargetTrackingScaling", "PredictiveScaling"
CONFIGURATIONS = {kind: f"{kind}PolicyConfiguration" for kind in (STEP, TRACKING, PREDICTIVE)}


@dataclass
class Policy:
    """A scaling policy.

    Parameters
    ----------
    resource, dimension : str
        The scalable target.
    kind : str
        ``StepScaling``, ``TargetTrackingScaling`` or ``PredictiveScaling``.
    rule : StepPolicy, TrackingPolicy or None
        What it does; None for predictive scaling, which is stored only.
    configuration : dict
        As PutScalingPolicy had it.
    high, low : str
        Names of a target tracking policy's alarms.
    """

    name: str
    arn: str
    resource: str
    dimension: str
    kind: str
    rule: StepPolicy | TrackingPolicy | None
    configuration: dict[str, Any]
    created: float
    high: str = ""
    low: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """What stands for it within its region."""
        return self.resource, self.dimension, self.name

    def describe(self, alarms: list[dict[str, str]]) -> dict[str, Any]:
        """As DescribeScalingPolicies shows it, with the alarms that call it."""
        return {
            "PolicyARN": self.arn,
            "PolicyName": self.name,
            "ServiceNamespace": self.dimension.partition(":")[0],
            "ResourceId": self.resource,
            "ScalableDimension": self.dimension,
            "PolicyType": self.kind,
            CONFIGURATIONS[self.kind]: self.configuration,
            "Alarms": alarms,
            "CreationTime": moment(self.created),
        }
