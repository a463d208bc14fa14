"""A scaling policy of a group."""

from dataclasses import dataclass
from typing import Any

from ..scaling.steps import StepPolicy
from ..scaling.tracking import TrackingPolicy

SIMPLE, STEP, TRACKING, PREDICTIVE = "SimpleScaling", "StepScaling", "TargetTrackingScaling", "PredictiveScaling"
SHOWN = (
    "AdjustmentType",
    "MinAdjustmentStep",
    "MinAdjustmentMagnitude",
    "ScalingAdjustment",
    "Cooldown",
    "StepAdjustments",
    "MetricAggregationType",
    "EstimatedInstanceWarmup",
    "TargetTrackingConfiguration",
    "PredictiveScalingConfiguration",
)


@dataclass
class GroupPolicy:
    """One policy.

    Parameters
    ----------
    name, arn, group, kind : str
        Which one; `kind` is its ``PolicyType``.
    rule : StepPolicy, TrackingPolicy or None
        What it does; None for predictive scaling, which is stored only.
    settings : dict
        As PutScalingPolicy had it.
    warmup : float or None
        AWS seconds; None for the group's.
    high, low : str
        Names of a target tracking policy's alarms.
    """

    name: str
    arn: str
    group: str
    kind: str
    rule: StepPolicy | TrackingPolicy | None
    settings: dict[str, Any]
    warmup: float | None = None
    enabled: bool = True
    high: str = ""
    low: str = ""

    def describe(self, alarms: list[dict[str, str]]) -> dict[str, Any]:
        """As DescribePolicies shows it, with the alarms that call it."""
        return {
            "AutoScalingGroupName": self.group,
            "PolicyName": self.name,
            "PolicyARN": self.arn,
            "PolicyType": self.kind,
            "Alarms": alarms,
            "Enabled": self.enabled,
            **{key: self.settings[key] for key in SHOWN if key in self.settings},
        }
