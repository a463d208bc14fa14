"""Scaling activities: what was done, why, and how it went."""

from dataclasses import dataclass, field
from typing import Any

from .target import moment

IN_PROGRESS, SUCCESSFUL, OVERRIDDEN = "InProgress", "Successful", "Overridden"
UNFULFILLED, FAILED = "Unfulfilled", "Failed"


@dataclass
class Activity:
    """One scaling activity.

    Parameters
    ----------
    wanted : int or None
        The desired count that it set; None when it set none.
    not_scaled : dict
        A ``NotScaledReason``; empty when it scaled.
    """

    id: str
    resource: str
    dimension: str
    description: str
    cause: str
    started: float
    status: str = IN_PROGRESS
    message: str = ""
    wanted: int | None = None
    ended: float | None = None
    not_scaled: dict[str, Any] = field(default_factory=dict)

    def end(self, status: str, message: str, now: float) -> None:
        """Say how it went."""
        self.status, self.message, self.ended = status, message, now

    def describe(self) -> dict[str, Any]:
        """As DescribeScalingActivities shows it."""
        shown: dict[str, Any] = {
            "ActivityId": self.id,
            "ServiceNamespace": self.dimension.partition(":")[0],
            "ResourceId": self.resource,
            "ScalableDimension": self.dimension,
            "Description": self.description,
            "Cause": self.cause,
            "StartTime": moment(self.started),
            "EndTime": moment(self.ended),
            "StatusCode": self.status,
            "StatusMessage": self.message or None,
        }
        if self.not_scaled:
            shown["NotScaledReasons"] = [self.not_scaled]
        return shown
